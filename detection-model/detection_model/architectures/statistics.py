"""Pools feature maps of several levels to their statistics. Importing this registers its layer.

A generator's traces are fine and lie everywhere in a picture. The top of a network that learned
objects has lost most of them; how much the maps before it vary has not.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from detection_model.architectures.heads import PREFIX

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
        MeanAndDeviation(dtype="float32", name=f"{PREFIX}level{number}")(one)
        for number, one in enumerate(fine)
    ]
    top = layers.GlobalAveragePooling2D(dtype="float32", name=f"{PREFIX}average")(last)
    joined = layers.Concatenate(dtype="float32", name=STATISTICS)([*pooled, top])
    return layers.BatchNormalization(
        center=False, scale=False, trainable=False, dtype="float32", name=STANDARD
    )(joined)
