"""Layers that pool feature maps. Importing this module registers them, so that model files load.

A generator's traces are fine and lie everywhere in a picture. The top of a network that learned
objects has lost most of them; how much the maps before it vary has not.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from detection_model.architectures.heads import PREFIX

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
