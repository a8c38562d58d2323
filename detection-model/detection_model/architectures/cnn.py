"""Small convolutional networks: v1, v2 and v3 of the reference project, and the MesoNets.

Meso4 and MesoInception4: Afchar et al., "MesoNet: a Compact Facial Video Forgery Detection
Network", WIFS 2018, arXiv:1809.00888. Their layers are those of the authors' Keras code, in an
order that fits their weights files.
"""

from typing import Any, Literal

SIDE = 256
FILTERS = (16, 32, 16)

Padding = Literal["valid", "same"]


def build_cnn(
    paddings: tuple[Padding, Padding, Padding], dropout: float, *, side: int = SIDE
) -> Any:
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


# Branches 1x1, 1x1 + 3x3, and 3x3 with dilations 2 and 3: filters of each, in two modules.
_INCEPTIONS = ((1, 4, 4, 2), (2, 4, 4, 2))
_DROPOUT = 0.5
_SLOPE = 0.1


def build_meso4(*, side: int = SIDE) -> Any:
    """Meso4, uncompiled: four convolutions (8, 8, 16, 16 filters) with pooling.

    Input float32 (n, side, side, 3) in [0, 255], scaled to [0, 1] inside; output (n, 1), a
    sigmoid.
    """
    import keras

    inputs, x = _scaled(side)
    x = _pooled(_convolution(8, 3)(x), 2)
    x = _pooled(_convolution(8, 5)(x), 2)
    return keras.Model(inputs, _tail(x), name="meso4")


def build_mesoinception4(*, side: int = SIDE) -> Any:
    """MesoInception4, uncompiled: Meso4 with inception modules for its first two convolutions.

    Input and output as of `build_meso4`.
    """
    import keras

    inputs, x = _scaled(side)
    for filters in _INCEPTIONS:
        x = _pooled(_inception(x, filters), 2)
    return keras.Model(inputs, _tail(x), name="mesoinception4")


def _scaled(side: int) -> tuple[Any, Any]:
    import keras

    inputs = keras.Input((side, side, 3))
    return inputs, keras.layers.Rescaling(1 / 255)(inputs)


def _convolution(filters: int, size: int, dilation: int = 1) -> Any:
    from keras import layers

    return layers.Conv2D(filters, size, dilation_rate=dilation, padding="same", activation="relu")


def _inception(x: Any, filters: tuple[int, int, int, int]) -> Any:
    from keras import layers

    branches = [_convolution(filters[0], 1)(x)]
    for count, dilation in zip(filters[1:], (1, 2, 3), strict=True):
        branches.append(_convolution(count, 3, dilation)(_convolution(count, 1)(x)))
    return layers.Concatenate()(branches)


def _pooled(x: Any, size: int) -> Any:
    from keras import layers

    return layers.MaxPooling2D(size, padding="same")(layers.BatchNormalization()(x))


def _tail(x: Any) -> Any:
    from keras import layers

    x = _pooled(_convolution(16, 5)(x), 2)
    x = _pooled(_convolution(16, 5)(x), 4)
    x = layers.Dropout(_DROPOUT)(layers.Flatten()(x))
    x = layers.LeakyReLU(negative_slope=_SLOPE)(layers.Dense(16)(x))
    return layers.Dense(1, activation="sigmoid", dtype="float32")(layers.Dropout(_DROPOUT)(x))
