"""The order of training examples depends on seed and epoch alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection_model import imaging
from detection_model.card import InputSpec
from detection_model.data.folders import find_data
from detection_model.data.preprocessing import Pictures, load_pictures
from detection_model.training.loading import scaled, training_batches, validation_batches

SPEC = InputSpec(height=32, width=32)


def epochs(pictures: Pictures, first: int, count: int, seed: int = 0) -> list[list[float]]:
    steps = -(-len(pictures.examples) // 10)
    stream = training_batches(pictures, SPEC, batch_size=10, seed=seed, first_epoch=first)
    sums = [float(np.sum(batch)) for batch, _ in stream.take(steps * count)]
    return [sums[start : start + steps] for start in range(0, len(sums), steps)]


def test_a_resumed_training_sees_the_same_batches(synthetic: Path) -> None:
    pictures = load_pictures(find_data(synthetic).split("train"), SPEC)
    whole = epochs(pictures, 0, 3)
    assert whole[0] != whole[1]
    assert epochs(pictures, 2, 1) == whole[2:]
    assert epochs(pictures, 0, 1, seed=1) != whole[:1]


def test_each_epoch_has_every_picture_once_with_its_label(synthetic: Path) -> None:
    pictures = load_pictures(find_data(synthetic).split("train"), SPEC)
    labels = {
        images.tobytes(): t for images, t in zip(pictures.pixels, pictures.targets, strict=True)
    }
    for stream in (
        training_batches(pictures, SPEC, batch_size=10, seed=0, first_epoch=0).take(7),
        validation_batches(pictures, SPEC, batch_size=10),
    ):
        examples = [
            (image.astype(np.uint8).tobytes(), float(target))
            for batch, targets in stream.as_numpy_iterator()
            for image, target in zip(batch, targets[:, 0], strict=True)
        ]
        assert sorted(examples) == sorted((key, float(value)) for key, value in labels.items())


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"value_range": (-1, 1)},
        {"value_range": (0, 1), "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
        {"channels": "BGR", "mean": (103.9, 116.8, 123.7)},
    ],
    ids=["bytes", "range", "mean and deviation", "BGR"],
)
def test_tensors_are_scaled_as_the_service_scales_pictures(fields: dict[str, Any]) -> None:
    spec = InputSpec.model_validate({"height": 32, "width": 32, **fields})
    levels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    result = scaled(levels, spec).numpy()
    assert result.dtype == np.float32
    assert np.allclose(result, imaging.scale(levels, spec), rtol=1e-6, atol=1e-6)
