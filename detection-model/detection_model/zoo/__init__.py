"""The architectures that can be trained by name.

Recipes are plain data; Keras is imported when one is built.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from detection_model.card import InputSpec
from detection_model.zoo import cnn


@dataclass(frozen=True)
class Recipe:
    """How a version is built and trained unless told otherwise.

    `build` gives an uncompiled Keras model: float32 (n, height, width, 3) as the input spec
    says, to one sigmoid, the probability of Fake.
    """

    build: Callable[[], Any]
    input: InputSpec
    epochs: int
    summary: str
    batch_size: int = 32
    learning_rate: float = 1e-3


_CNN_INPUT = InputSpec(height=cnn.SIDE, width=cnn.SIDE)

ZOO: dict[str, Recipe] = {
    "v1": Recipe(
        build=lambda: cnn.build(paddings=("valid", "valid", "valid"), dropout=0.0),
        input=_CNN_INPUT,
        epochs=20,
        summary="Three unpadded convolutions, no dropout",
    ),
    "v2": Recipe(
        build=lambda: cnn.build(paddings=("same", "same", "valid"), dropout=0.5),
        input=_CNN_INPUT,
        epochs=10,
        summary="Three convolutions, two of them padded, with dropout",
    ),
    "v3": Recipe(
        build=lambda: cnn.build(paddings=("same", "same", "valid"), dropout=0.5),
        input=_CNN_INPUT,
        epochs=20,
        summary="Three convolutions, two of them padded, with dropout",
    ),
}
