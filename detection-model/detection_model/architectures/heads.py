"""Heads for backbones: pooling over feature maps, dense layers, one sigmoid.

Importing this module registers its layers, so that model files with them load.

A generator's traces are fine and lie everywhere in a picture. The top of a network that learned
objects has lost most of them; how much the maps before it vary has not.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from detection_model.architectures.backbones import HeadName, Pooling

# Units and dropout of the hidden layers.
HIDDEN: dict[HeadName, tuple[tuple[int, float], ...]] = {
    "dense": ((256, 0.5),),
    "mlp": ((256, 0.2), (128, 0.2)),
    "linear": (),
}
# Before the only layer of `linear`.
_DROPOUT = 0.2
# Layers so named are the head's, all others the backbone's, also after loading.
PREFIX = "head_"

FILTERS = (64, 16, 8)


@keras.saving.register_keras_serializable(package="detection_model")
class AttentionPooling(layers.Layer):  # type: ignore[misc]
    """Average of a feature map (n, h, w, c), weighted by a mask computed from it: (n, c).

    1x1 convolutions (64, 16, 8 filters, ReLU) and a sigmoid give the mask (n, h, w, 1); the
    weighted features are pooled globally and divided by the pooled mask, so that a small mask
    does not make small features. A soft spatial attention after Xu et al., "Show, Attend and
    Tell" (2015), with independent sigmoids in place of a softmax.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.convolutions = [layers.Conv2D(n, 1, activation="relu") for n in FILTERS]
        self.mask = layers.Conv2D(1, 1, activation="sigmoid")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the convolutions' weights."""
        shape = input_shape
        for layer in [*self.convolutions, self.mask]:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        super().build(input_shape)

    def attention(self, features: Any) -> Any:
        """The mask (n, h, w, 1), each value in (0, 1)."""
        x = features
        for layer in self.convolutions:
            x = layer(x)
        return self.mask(x)

    def call(self, features: Any) -> Any:
        """Pool."""
        mask = self.attention(features)
        weighted = ops.mean(features * mask, axis=(1, 2))
        return weighted / (ops.mean(mask, axis=(1, 2)) + keras.config.epsilon())

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, c)."""
        return (input_shape[0], input_shape[-1])


STATISTICS = f"{PREFIX}statistics"
STANDARD = f"{PREFIX}standard"
# The standard deviation of a standardised number. Adam moves every weight of the last layer by
# the learning rate: with two thousand numbers of unit deviation, a few steps would undo a probe.
SPREAD = 0.1
_LEAST_VARIANCE = 1e-5


@keras.saving.register_keras_serializable(package="detection_model")
class MeanAndDeviation(layers.Layer):  # type: ignore[misc]
    """Mean and standard deviation of each channel of a map: (n, h, w, c) to (n, 2c)."""

    def call(self, features: Any) -> Any:
        """Pool."""
        mean = ops.mean(features, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(features - mean), axis=(1, 2))
        deviation = ops.sqrt(variance + _LEAST_VARIANCE)
        return ops.concatenate([ops.squeeze(mean, (1, 2)), deviation], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, 2c)."""
        return (input_shape[0], 2 * input_shape[-1])  # type: ignore[operator]


def standardised(maps: Sequence[Any]) -> Any:
    """Mean and deviation of every map and the mean of the last, as one vector (n, numbers).

    The layer `STANDARD` shifts and scales them with fixed statistics, which a probe sets; until
    then it changes nothing.
    """
    *fine, last = maps
    pooled = [
        MeanAndDeviation(dtype="float32", name=f"{PREFIX}level{number}")(level)
        for number, level in enumerate(fine)
    ]
    top = layers.GlobalAveragePooling2D(dtype="float32", name=f"{PREFIX}average")(last)
    joined = layers.Concatenate(dtype="float32", name=STATISTICS)([*pooled, top])
    return layers.BatchNormalization(
        center=False, scale=False, trainable=False, dtype="float32", name=STANDARD
    )(joined)


def attach(maps: Sequence[Any], head: HeadName, pooling: Pooling) -> Any:
    """The probability of Fake, (n, 1), from feature maps (n, h, w, c), the coarsest last.

    `average` and `attention` pool the last map alone, `statistics` all of them: see `standardised`.

    The last layer computes in float32 under every precision: a float16 sigmoid saturates early.
    """
    if pooling == "attention":
        x = AttentionPooling(name=f"{PREFIX}attention")(maps[-1])
    elif pooling == "statistics":
        x = layers.Dropout(_DROPOUT, name=f"{PREFIX}dropout")(standardised(maps))
    else:
        x = layers.GlobalAveragePooling2D(name=f"{PREFIX}average")(maps[-1])
        if not HIDDEN[head]:
            x = layers.Dropout(_DROPOUT, name=f"{PREFIX}dropout")(x)
    for number, (units, dropout) in enumerate(HIDDEN[head], start=1):
        x = layers.Dense(units, activation="relu", name=f"{PREFIX}dense{number}")(x)
        x = layers.Dropout(dropout, name=f"{PREFIX}dropout{number}")(x)
    last = layers.Dense(1, activation="sigmoid", dtype="float32", name=f"{PREFIX}fake")
    return last(x)


def backbone_layers(model: Any) -> list[Any]:
    """The layers before the head, in order; none for a network without `attach`ed head."""
    before = [layer for layer in model.layers if not layer.name.startswith(PREFIX)]
    return before if len(before) < len(model.layers) else []
