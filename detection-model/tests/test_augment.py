"""Augmentations follow their settings and depend on seed, epoch and picture alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from detection_model.card import InputSpec
from detection_model.data.folders import find_data
from detection_model.data.preprocessing import load_pictures
from detection_model.data.write import synthetic_picture
from detection_model.training.augment import augment
from detection_model.training.config import Augmentation
from detection_model.training.loading import training_batches

SPEC = InputSpec(height=32, width=32)
EVERYTHING = Augmentation(
    flip=True,
    rotation=20,
    zoom=0.2,
    brightness=0.2,
    colour=0.3,
    erase=0.2,
    jpeg=30,
    blur=2,
    scaling=0.5,
    noise=10,
)


def augmented(count: int = 20, **settings: Any) -> list[Any]:
    picture = synthetic_picture("Real", 1, side=64)
    augmentation = Augmentation(**{"share": 1.0, **settings})
    return [augment(picture, augmentation, np.random.default_rng(seed)) for seed in range(count)]


def detail(pixels: Any) -> float:
    """Mean difference between neighbouring pixels, which blurring and encoding reduce."""
    return float(np.abs(np.diff(pixels.astype(float), axis=1)).mean())


def test_the_default_changes_nothing() -> None:
    assert Augmentation().chosen == {}
    assert np.array_equal(augmented()[0], synthetic_picture("Real", 1, side=64))


def test_erasing_hides_one_rectangle_in_about_half_of_the_pictures() -> None:
    picture = synthetic_picture("Real", 1, side=64)
    hidden = [np.any(pixels != picture, axis=2) for pixels in augmented(60, erase=0.25, share=0.0)]
    shares = [float(changed.mean()) for changed in hidden]
    assert 15 < sum(share > 0 for share in shares) < 45
    assert 0.15 < max(shares) <= 0.25
    for changed in hidden:
        rows, columns = np.nonzero(changed)
        if rows.size > 100:
            box = changed[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            assert box.mean() > 0.9


def test_each_augmentation_does_what_its_name_says() -> None:
    picture = synthetic_picture("Real", 1, side=64)
    flips = [np.array_equal(pixels, picture[:, ::-1]) for pixels in augmented(flip=True)]
    unchanged = [np.array_equal(pixels, picture) for pixels in augmented(flip=True)]
    assert [a != b for a, b in zip(flips, unchanged, strict=True)] == [True] * 20
    assert 3 < sum(flips) < 17
    means = [pixels.mean() / picture.mean() for pixels in augmented(brightness=0.3)]
    assert 0.68 < min(means) < 0.85
    assert 1.15 < max(means) < 1.32
    grey = [
        pixels.std(axis=2).mean() / picture.std(axis=2).mean() for pixels in augmented(colour=0.9)
    ]
    assert min(grey) < 0.5
    assert max(grey) > 1.2
    for settings in ({"jpeg": 5}, {"blur": 3}, {"scaling": 0.2}):
        assert np.mean([detail(pixels) for pixels in augmented(**settings)]) < 0.8 * detail(picture)
    assert np.mean([detail(pixels) for pixels in augmented(noise=30)]) > 1.2 * detail(picture)


@pytest.mark.parametrize(("settings", "share"), [({"rotation": 90}, 0.95), ({"zoom": 0.5}, 0.95)])
def test_rotation_and_zoom_keep_the_centre(settings: dict[str, float], share: float) -> None:
    picture = np.zeros((65, 65, 3), np.uint8)
    picture[30:35, 30:35] = 255
    soft = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(1)))
    for seed in range(10):
        result = augment(soft, Augmentation(**settings), np.random.default_rng(seed))
        assert result[32, 32].mean() > share * soft[32, 32].mean()
        assert not np.array_equal(result, soft)


def test_augmentations_depend_on_seed_epoch_and_picture_alone(synthetic: Path) -> None:
    pictures = load_pictures(find_data(synthetic).split("train"), SPEC)

    def epochs(first: int, count: int, seed: int = 0) -> list[Any]:
        stream = training_batches(
            *(pictures, SPEC),
            batch_size=32,
            seed=seed,
            first_epoch=first,
            transform=lambda pixels, rng: augment(pixels, EVERYTHING, rng),
        )
        halves = [batch for batch, _ in stream.take(2 * count).as_numpy_iterator()]
        return [np.concatenate(halves[at : at + 2]) for at in range(0, len(halves), 2)]

    third, fourth = epochs(3, 2)
    assert np.array_equal(fourth, epochs(4, 1)[0])
    for other in (third, epochs(4, 1, seed=1)[0]):
        same = {pixels.tobytes() for pixels in fourth} & {pixels.tobytes() for pixels in other}
        assert len(same) < len(fourth) / 4
