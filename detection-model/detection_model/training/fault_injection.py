"""Faults planted on purpose: what does a training look like that goes wrong in a known way?"""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from detection_model.training.config import Faults

LOSS = "binary_crossentropy"
# A frequent mistake: over a single output it is 0 whatever the network says.
WRONG_LOSS = "categorical_crossentropy"


def labels(targets: NDArray[np.float32], faults: Faults, seed: int) -> NDArray[np.float32]:
    """Training targets (n,) as the faults leave them; the same for the same seed."""
    rng = np.random.default_rng([seed, 1])
    if faults.shuffled_labels:
        targets = rng.permutation(targets)
    turned = rng.permutation(len(targets))[: round(faults.label_noise * len(targets))]
    result = targets.copy()
    result[turned] = 1 - result[turned]
    return result


def loss(faults: Faults, label_smoothing: float = 0) -> Any:
    """The loss to train with, or its name."""
    if label_smoothing and not faults.wrong_loss:
        return keras.losses.BinaryCrossentropy(label_smoothing=label_smoothing)
    return WRONG_LOSS if faults.wrong_loss else LOSS


def callbacks(faults: Faults, seed: int) -> list[Any]:
    """Callbacks that inject faults during an epoch."""
    found: list[Any] = []
    if faults.skip_gradients:
        found.append(SkipGradients(faults.skip_gradients))
    if faults.reset_weights:
        found.append(ResetWeights(faults.reset_weights, seed))
    return found


class SkipGradients(keras.callbacks.Callback):  # type: ignore[misc]
    """Every `every`th batch of an epoch moves no weight: its rate is 0."""

    def __init__(self, every: int) -> None:
        super().__init__()
        self.every = every
        self.rate = 0.0

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Take the rate away."""
        if (batch + 1) % self.every == 0:
            self.rate = float(self.model.optimizer.learning_rate)
            self.model.optimizer.learning_rate = 0.0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Give it back."""
        if (batch + 1) % self.every == 0:
            self.model.optimizer.learning_rate = self.rate


class ResetWeights(keras.callbacks.Callback):  # type: ignore[misc]
    """Every `every`th batch of an epoch, one layer drawn by lot forgets what it has learned."""

    def __init__(self, every: int, seed: int) -> None:
        super().__init__()
        self.every = every
        self.seed = seed
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Remember it: the lot depends on it."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Draw a layer and its weights."""
        if (batch + 1) % self.every:
            return
        rng = np.random.default_rng([self.seed, self.epoch, batch])
        kernels = [weight for weight in self.model.trainable_weights if len(weight.shape) > 1]
        kernel = kernels[rng.integers(len(kernels))]
        draw = keras.initializers.GlorotUniform(seed=int(rng.integers(2**31)))
        kernel.assign(draw(kernel.shape))
