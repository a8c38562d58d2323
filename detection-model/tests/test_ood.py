"""Out of distribution: featureless pictures, drawings, tiny faces, unlike the training data."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from factories import cartoon, portrait
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from detection_model.card import Card, InputSpec, Scope
from detection_model.data.folders import Example, find_data
from detection_model.evaluation.fit_uncertainty import fit_ood
from detection_model.faces import Face
from detection_model.inference.crops import Crop
from detection_model.inference.uncertainty import (
    NAMES,
    SIDE,
    is_drawing,
    measure,
    median,
    out_of_distribution,
    squared_distance,
)

Bytes = NDArray[np.uint8]
CARD = Card(name="m", sha256="a" * 64, input=InputSpec(height=64, width=64, face_margin=0.3))
REAL_FACES = Path(__file__).parents[3] / "shared/data/Dataset/Validation/Real"


def jpeg(pixels: Bytes, quality: int) -> Bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def blurred(pixels: Bytes, sigma: float) -> Bytes:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma)))


def codes(crop: Crop, card: Card = CARD) -> list[str]:
    return [reason.code for reason in out_of_distribution(crop, 0.3, card)]


def photo(seed: int, side: int = 256) -> Bytes:
    return np.asarray(portrait(seed, side))


def face(side: float, at: float = 10.0) -> Face:
    return Face(at, at, at + side, at + side, 0.9, np.zeros((6, 2), np.float32))


VARIANTS: dict[str, Callable[[Bytes], Bytes]] = {
    "as it is": lambda pixels: pixels,
    "JPEG q20": lambda pixels: jpeg(pixels, 20),
    "blurred": lambda pixels: blurred(pixels, 2),
    "small": lambda pixels: pixels[::4, ::4],
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_photograph_is_not_called_a_drawing(variant: str) -> None:
    assert not any(is_drawing(VARIANTS[variant](photo(seed))) for seed in range(5))


@pytest.mark.skipif(not REAL_FACES.exists(), reason="needs the shared real faces")
@pytest.mark.parametrize("variant", VARIANTS)
def test_perturbed_real_faces_are_in_distribution(variant: str) -> None:
    files = sorted(REAL_FACES.iterdir())[:12]
    pictures = [np.asarray(Image.open(file).convert("RGB")) for file in files]
    assert [codes(Crop(VARIANTS[variant](picture))) for picture in pictures] == [[]] * len(pictures)


def test_most_drawn_faces_are_called_drawings() -> None:
    plain = [is_drawing(cartoon(seed)) for seed in range(20)]
    assert sum(plain) >= 15
    encoded = [is_drawing(jpeg(cartoon(seed), 90)) for seed in range(20)]
    assert sum(encoded) >= 15


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_empty_wall_is_featureless_even_with_noise(level: int) -> None:
    noise = np.random.default_rng(0).normal(0, 2, (96, 96, 3))
    wall = np.clip(level + noise, 0, 255).astype(np.uint8)
    assert codes(Crop(wall)) == ["featureless"]
    assert codes(Crop(jpeg(wall, 30))) == ["featureless"]


def test_a_face_of_few_pixels_is_tiny_and_one_of_more_is_not() -> None:
    pixels = photo(1)
    assert codes(Crop(pixels, face(39))) == ["tiny_face"]
    assert "39 pixels" in out_of_distribution(Crop(pixels, face(39)), 0.3, CARD)[0].message
    assert codes(Crop(pixels, face(41))) == []


def test_a_picture_unlike_the_training_pictures_is_far_from_them(tmp_path: Path) -> None:
    fitted = fit_ood(examples(tmp_path), 0.3, "generated, train")
    assert fitted.pictures == 16
    card = CARD.model_copy(update={"scope": fitted})
    for seed in range(100, 104):
        for variant in VARIANTS.values():
            assert codes(Crop(variant(photo(seed))), card) == []
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    assert codes(Crop(noise), card) == ["far_from_training"]
    assert codes(Crop(noise)) == []


def examples(root: Path, count: int = 16) -> list[Example]:
    for split in ("Train", "Validation"):
        for label in ("Real", "Fake"):
            folder = root / split / label
            folder.mkdir(parents=True)
            for number in range(count // 2):
                seed = number + (50 if label == "Fake" else 0)
                Image.fromarray(photo(seed)).save(folder / f"{number}.png")
    return find_data(root).split("train")


def test_the_distance_is_mahalanobis() -> None:
    pixels = photo(3)
    values = measure(pixels, ("luminance", "contrast"))
    scope = Scope(
        measures=("luminance", "contrast"),
        centre=(float(values[0]) - 3, float(values[1]) - 4),
        precision=((2.0, 0.5), (0.5, 1.0)),
        limit=1,
        data="by hand",
        pictures=1,
    )
    assert squared_distance(values, scope) == pytest.approx(2 * 9 + 2 * 0.5 * 12 + 16)


def test_the_median_is_that_of_pillow() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    for pixels in (noise, noise // 64 * 64, photo(2, 64)):
        filtered = np.asarray(Image.fromarray(pixels).filter(ImageFilter.MedianFilter(3)))
        assert np.array_equal(
            median(pixels.transpose(2, 0, 1)), filtered[1:-1, 1:-1].transpose(2, 0, 1)
        )


def test_the_saturation_is_that_of_pillow_for_every_colour() -> None:
    most, least = np.meshgrid(np.arange(256), np.arange(256))
    for start in range(0, 256, SIDE):
        for end in range(0, 256, SIDE):
            part = (slice(start, start + SIDE), slice(end, end + SIDE))
            colours = np.stack([most[part], least[part], np.minimum(most, least)[part]], axis=-1)
            pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
            pixels[: colours.shape[0], : colours.shape[1]] = colours
            hsv = np.asarray(Image.fromarray(pixels).convert("HSV"))
            assert measure(pixels, ("saturation",))[0] == hsv[..., 1].mean()


def test_the_spectrums_slope_is_that_of_the_least_squares_line() -> None:
    luma = np.asarray(Image.fromarray(photo(9)).resize((SIDE, SIDE)).convert("L"), np.float64)
    window = np.outer(np.hanning(SIDE), np.hanning(SIDE))
    power = np.abs(np.fft.fft2((luma - luma.mean()) * window)) ** 2
    radius = np.rint(np.hypot(*np.meshgrid(*[np.fft.fftfreq(SIDE, 1 / SIDE)] * 2)))
    half = slice(0, SIDE // 2 + 1)  # the other half mirrors it
    rings = np.arange(4, SIDE // 2)
    means = [power[:, half][radius[:, half] == ring].mean() for ring in rings]
    expected = np.polyfit(np.log(rings), np.log(np.add(means, 1)), 1)[0]
    pixels = np.asarray(Image.fromarray(photo(9)).resize((SIDE, SIDE)))
    assert measure(pixels, ("spectrum_slope",))[0] == pytest.approx(expected, abs=1e-4)


def test_measures_react_as_their_names_say() -> None:
    def measured(pixels: Bytes) -> dict[str, float]:
        return dict(zip(NAMES, measure(pixels, NAMES), strict=True))

    plain = measured(photo(5))
    dark, soft = measured(photo(5) // 2), measured(blurred(photo(5), 3))
    grey = measured(np.repeat(photo(5).mean(axis=-1, keepdims=True), 3, axis=-1).astype(np.uint8))
    assert dark["luminance"] == pytest.approx(plain["luminance"] / 2, rel=0.02)
    assert dark["contrast"] == pytest.approx(plain["contrast"] / 2, rel=0.03)
    assert soft["sharpness"] < plain["sharpness"]
    grainy = photo(5) + np.random.default_rng(0).normal(0, 25, photo(5).shape)
    noisy = measured(np.clip(grainy, 0, 255).astype(np.uint8))
    assert noisy["spectrum_slope"] > plain["spectrum_slope"] + 1
    assert soft["flat_share"] > plain["flat_share"]
    assert grey["saturation"] == 0 < plain["saturation"]
