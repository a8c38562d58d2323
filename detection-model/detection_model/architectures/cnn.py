"""The three small convolutional networks of the reference project (v1, v2, v3)."""

from typing import Any, Literal

SIDE = 256
FILTERS = (16, 32, 16)

Padding = Literal["valid", "same"]


def build(paddings: tuple[Padding, Padding, Padding], dropout: float, *, side: int = SIDE) -> Any:
    """A Sequential network, uncompiled.

    Input float32 (n, side, side, 3) in [0, 255], scaled to [0, 1] inside. Each of three 3x3
    convolutions (16, 32, 16 filters, ReLU) is followed by 2x2 max pooling; then a dense layer
    of 256 (ReLU) and one sigmoid, the probability of Fake.

    Args:
        paddings: of the three convolutions.
        dropout: rate after the second pool, the third pool and the dense layer; 0 for none.
        side: of the pictures, in pixels; 256 in the reference project.
    """
    import keras
    from keras import layers

    def dropped() -> list[Any]:
        return [layers.Dropout(dropout)] if dropout else []

    stack: list[Any] = [keras.Input((side, side, 3)), layers.Rescaling(1 / 255)]
    for position, (filters, padding) in enumerate(zip(FILTERS, paddings, strict=True)):
        stack += [
            layers.Conv2D(filters, 3, padding=padding, activation="relu"),
            layers.MaxPooling2D(2),
        ]
        stack += dropped() if position > 0 else []
    stack += [layers.Flatten(), layers.Dense(256, activation="relu"), *dropped()]
    stack += [layers.Dense(1, activation="sigmoid", dtype="float32")]
    return keras.Sequential(stack)
