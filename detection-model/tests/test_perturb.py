"""Image perturbations, and the named ones of the robustness evaluation."""

import io

import numpy as np
import pytest
from factories import portrait
from PIL import Image
from scipy.ndimage import gaussian_filter

from detection_model import perturb
from detection_model.data.write import synthetic_picture
from detection_model.evaluation.scoring import (
    FAMILIES,
    PERTURBATIONS,
    Bytes,
    apply_perturbation,
    in_families,
)

PIXELS = np.asarray(portrait(5, 96))[:80]
HASH, OTHER_HASH = "1" * 64, "2" * 64
RANDOM = {name for family in ("noise", "occlusion") for name in FAMILIES[family]}


@pytest.mark.parametrize("quality", [95, 60, 20])
def test_lower_quality_changes_more(quality: int) -> None:
    for encode in (perturb.jpeg, perturb.webp):
        stronger = np.abs(encode(PIXELS, quality - 20).astype(int) - PIXELS).mean()
        weaker = np.abs(encode(PIXELS, quality).astype(int) - PIXELS).mean()
        assert 0 < weaker < stronger


def test_an_adjustment_by_1_changes_nothing_and_others_follow_their_names() -> None:
    for kind in ("brightness", "contrast", "saturation"):
        assert np.array_equal(perturb.adjust(PIXELS, kind, 1), PIXELS)
    assert perturb.adjust(PIXELS, "brightness", 0.5).mean() < PIXELS.mean()
    assert perturb.adjust(PIXELS, "contrast", 0.5).std() < PIXELS.std()
    grey = perturb.adjust(PIXELS, "saturation", 0)
    assert np.ptp(grey, axis=2).max() == 0


def test_scaling_down_and_back_keeps_the_size_and_loses_detail() -> None:
    coarse = perturb.resample(PIXELS, perturb.scaled_size(PIXELS, 0.25))
    assert coarse.shape == PIXELS.shape
    assert np.abs(np.diff(coarse.astype(int), axis=1)).mean() < (
        np.abs(np.diff(PIXELS.astype(int), axis=1)).mean()
    )
    assert perturb.scaled_size(PIXELS, 0.001) == (1, 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_noise_has_its_standard_deviation_in_either_precision(
    dtype: type[np.float32 | np.float64],
) -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    noisy = perturb.noise(grey, 5, np.random.default_rng(0), dtype).astype(float)
    assert (noisy - grey).std() == pytest.approx(5, rel=0.03)


def test_no_perturbation_changes_its_input() -> None:
    before, rng = PIXELS.copy(), np.random.default_rng(0)
    perturb.noise(PIXELS, 5, rng)
    perturb.occlude(PIXELS, 0.2, rng)
    perturb.shade(PIXELS, 0.3, rng)
    perturb.gamma(PIXELS, 0.5)
    perturb.cover(PIXELS, 3, 4, np.zeros((5, 6, 3), np.uint8))
    assert np.array_equal(PIXELS, before)


def picture(height: int = 96, width: int = 128) -> Bytes:
    """Smooth, with soft noise; no dark and no bright values."""
    return synthetic_picture("Real", 3)[:height, :width]


def perturbed(name: str, pixels: Bytes, sha256: str = HASH) -> Bytes:
    return apply_perturbation(name, pixels, sha256)


def difference(name: str, pixels: Bytes) -> float:
    """Mean absolute difference that a perturbation makes."""
    return float(np.abs(perturbed(name, pixels).astype(float) - pixels).mean())


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_perturbation_is_the_same_each_time(name: str) -> None:
    pixels = picture()
    before = pixels.copy()
    first = perturbed(name, pixels)
    assert first.dtype == np.uint8
    assert first.shape[2] == 3
    assert (first == perturbed(name, pixels)).all()
    assert (pixels == before).all()
    if name in RANDOM:
        assert (first != perturbed(name, pixels, OTHER_HASH)).any()
        assert (first != apply_perturbation(name, pixels, HASH, seed=1)).any()


def test_families_are_named_one_by_one_or_all_at_once() -> None:
    assert in_families(["jpeg"]) == ["jpeg-q100", "jpeg-q90", "jpeg-q75", "jpeg-q60", "jpeg-q40"]
    assert in_families(["blur", "blur"]) == ["blur-0.5", "blur-1", "blur-2", "blur-3"]
    assert ["original", *in_families(["all"])] == list(PERTURBATIONS)


@pytest.mark.parametrize("family", ["jpeg", "blur", "noise", "occlusion"])
def test_each_step_of_a_family_changes_more(family: str) -> None:
    changes = [difference(name, picture()) for name in FAMILIES[family]]
    assert changes[0] > 0
    assert changes == sorted(changes)
    assert len(set(changes)) == len(changes)


@pytest.mark.parametrize("quality", [90, 40])
def test_jpeg_has_the_quality_of_its_name(quality: int) -> None:
    def file(pixels: Bytes) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
        return buffer.getvalue()

    # A JPEG hardly changes when it is encoded again at the same quality.
    first = perturbed(f"jpeg-q{quality}", picture())
    second = np.asarray(Image.open(io.BytesIO(file(first))))
    assert (
        np.abs(first.astype(float) - second).mean() < difference(f"jpeg-q{quality}", picture()) / 3
    )


@pytest.mark.parametrize("sigma", [0.5, 1, 2, 3])
def test_blur_is_gaussian_with_sigma_in_pixels(sigma: float) -> None:
    edge = np.zeros((60, 60, 3), np.uint8)
    edge[:, 30:] = 255
    expected = gaussian_filter(edge.astype(float), (sigma, sigma, 0), mode="nearest")
    result = perturbed(f"blur-{sigma:g}", edge)
    assert np.abs(result - expected).max() < 6
    turned = perturbed(f"blur-{sigma:g}", edge.swapaxes(0, 1)).astype(float)
    assert np.abs(turned.swapaxes(0, 1) - result).max() < 2


@pytest.mark.parametrize(("factor", "shape"), [(0.75, (72, 96)), (0.5, (48, 64)), (0.25, (24, 32))])
def test_resize_scales_both_sides(factor: float, shape: tuple[int, int]) -> None:
    small = perturbed(f"resize-{factor:g}", picture())
    assert small.shape[:2] == shape
    assert small.mean() == pytest.approx(picture().mean(), abs=0.5)


@pytest.mark.parametrize("std", [2, 5, 10])
def test_noise_has_the_deviation_of_its_name(std: int) -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    change = perturbed(f"noise-{std}", grey).astype(float) - 128
    assert change.std() == pytest.approx(std, rel=0.05)
    assert change.mean() == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_occlusion_covers_the_share_of_its_name(share: float) -> None:
    white = np.full((100, 200, 3), 255, np.uint8)
    covered = (perturbed(f"occlusion-{share:g}", white) != 255).all(axis=2)
    assert covered.mean() == pytest.approx(share, rel=0.1)
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    assert covered[np.ix_(rows, columns)].all()


def test_gamma_keeps_black_and_white_and_brightens_below_1() -> None:
    levels = np.array([0, 64, 128, 255], np.uint8).reshape(1, 4, 1).repeat(3, axis=2)
    bright, dark = perturbed("gamma-0.5", levels)[0, :, 0], perturbed("gamma-2", levels)[0, :, 0]
    assert bright.tolist() == [
        0,
        round(255 * (64 / 255) ** 0.5),
        round(255 * (128 / 255) ** 0.5),
        255,
    ]
    assert dark.tolist() == [0, round(255 * (64 / 255) ** 2), round(255 * (128 / 255) ** 2), 255]


def test_shade_darkens_one_side_only() -> None:
    white = np.full((10, 50, 3), 255, np.uint8)
    sides = {
        tuple(apply_perturbation("shade-0.3", white, HASH, seed)[0, [0, -1], 0])
        for seed in range(20)
    }
    dark = round(255 * 0.3)
    assert sides == {(255, dark), (dark, 255)}


def test_alike_gives_all_pictures_one_size_and_one_encoding() -> None:
    large = synthetic_picture("Real", 1, side=300)
    for pixels in (picture(), picture(96, 96), large):
        result = perturbed("alike", pixels)
        assert result.shape == (224, 224, 3)
        assert (perturbed("jpeg-q75", result) == result).mean() > 0.9
