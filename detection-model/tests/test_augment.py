"""Pictures are altered as told, the same way for the same seed, epoch and picture."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from detection_model.card import InputSpec
from detection_model.data.decoding import load_pictures
from detection_model.data.folders import find_data
from detection_model.data.synthetic import synthetic_picture
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


def altered(count: int = 20, **how: Any) -> list[Any]:
    picture = synthetic_picture("Real", 1, side=64)
    chosen = Augmentation(**{"share": 1.0, **how})
    return [augment(picture, chosen, np.random.default_rng(seed)) for seed in range(count)]


def detail(pixels: Any) -> float:
    """Mean difference between neighbours: what blurring and encoding take away."""
    return float(np.abs(np.diff(pixels.astype(float), axis=1)).mean())


def test_by_default_nothing_happens() -> None:
    assert Augmentation().chosen == {}
    assert np.array_equal(altered()[0], synthetic_picture("Real", 1, side=64))


def test_erasing_hides_one_rectangle_of_every_second_picture() -> None:
    picture = synthetic_picture("Real", 1, side=64)
    hidden = [np.any(one != picture, axis=2) for one in altered(60, erase=0.25, share=0.0)]
    shares = [float(changed.mean()) for changed in hidden]
    assert 15 < sum(share > 0 for share in shares) < 45
    assert 0.15 < max(shares) <= 0.25
    for changed in hidden:
        rows, columns = np.nonzero(changed)
        if rows.size > 100:
            box = changed[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            assert box.mean() > 0.9


def test_every_alteration_does_what_it_is_called() -> None:
    picture = synthetic_picture("Real", 1, side=64)
    flips = [np.array_equal(one, picture[:, ::-1]) for one in altered(flip=True)]
    kept = [np.array_equal(one, picture) for one in altered(flip=True)]
    assert [a != b for a, b in zip(flips, kept, strict=True)] == [True] * 20
    assert 3 < sum(flips) < 17
    means = [one.mean() / picture.mean() for one in altered(brightness=0.3)]
    assert 0.68 < min(means) < 0.85
    assert 1.15 < max(means) < 1.32
    grey = [one.std(axis=2).mean() / picture.std(axis=2).mean() for one in altered(colour=0.9)]
    assert min(grey) < 0.5
    assert max(grey) > 1.2
    for how in ({"jpeg": 5}, {"blur": 3}, {"scaling": 0.2}):
        assert np.mean([detail(one) for one in altered(**how)]) < 0.8 * detail(picture)
    assert np.mean([detail(one) for one in altered(noise=30)]) > 1.2 * detail(picture)


@pytest.mark.parametrize(("how", "share"), [({"rotation": 90}, 0.95), ({"zoom": 0.5}, 0.95)])
def test_turning_and_zooming_keep_the_middle(how: dict[str, float], share: float) -> None:
    picture = np.zeros((65, 65, 3), np.uint8)
    picture[30:35, 30:35] = 255
    soft = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(1)))
    for seed in range(10):
        one = augment(soft, Augmentation(**how), np.random.default_rng(seed))
        assert one[32, 32].mean() > share * soft[32, 32].mean()
        assert not np.array_equal(one, soft)


def test_alterations_depend_on_seed_epoch_and_picture_alone(synthetic: Path) -> None:
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
        same = {one.tobytes() for one in fourth} & {one.tobytes() for one in other}
        assert len(same) < len(fourth) / 4
