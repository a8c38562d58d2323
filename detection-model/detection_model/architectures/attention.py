"""Pooling where a learned mask looks. Importing this registers it, so that files with it load."""

from typing import Any

import keras
from keras import layers, ops

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
