"""Fault injection: deliberate mistakes in a training, to study their effect on its curves."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from detection_model.training.config import Faults

LOSS = "binary_crossentropy"
# A frequent mistake: over a single output this loss is always 0.
WRONG_LOSS = "categorical_crossentropy"


def labels(targets: NDArray[np.float32], faults: Faults, seed: int) -> NDArray[np.float32]:
    """Training targets, float32 (n,), with label faults; the same for the same seed."""
    rng = np.random.default_rng([seed, 1])
    if faults.shuffled_labels:
        targets = rng.permutation(targets)
    flipped = rng.permutation(len(targets))[: round(faults.label_noise * len(targets))]
    result = targets.copy()
    result[flipped] = 1 - result[flipped]
    return result


def loss(faults: Faults, label_smoothing: float = 0) -> Any:
    """The training loss, as a Keras object or name."""
    if label_smoothing and not faults.wrong_loss:
        return keras.losses.BinaryCrossentropy(label_smoothing=label_smoothing)
    return WRONG_LOSS if faults.wrong_loss else LOSS


def callbacks(faults: Faults, seed: int) -> list[Any]:
    """Callbacks that inject faults during an epoch."""
    active: list[Any] = []
    if faults.skip_gradients:
        active.append(SkipGradients(faults.skip_gradients))
    if faults.reset_weights:
        active.append(ResetWeights(faults.reset_weights, seed))
    return active


class SkipGradients(keras.callbacks.Callback):  # type: ignore[misc]
    """Skips every `every`th update of an epoch by setting the learning rate to 0."""

    def __init__(self, every: int) -> None:
        super().__init__()
        self.every = every
        self.rate = 0.0

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Set the learning rate to 0."""
        if (batch + 1) % self.every == 0:
            self.rate = float(self.model.optimizer.learning_rate)
            self.model.optimizer.learning_rate = 0.0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Restore the learning rate."""
        if (batch + 1) % self.every == 0:
            self.model.optimizer.learning_rate = self.rate


class ResetWeights(keras.callbacks.Callback):  # type: ignore[misc]
    """Re-initialises a random layer every `every` batches."""

    def __init__(self, every: int, seed: int) -> None:
        super().__init__()
        self.every = every
        self.seed = seed
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Store the epoch: the random choice depends on it."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Re-initialise a random layer."""
        if (batch + 1) % self.every:
            return
        rng = np.random.default_rng([self.seed, self.epoch, batch])
        kernels = [weight for weight in self.model.trainable_weights if len(weight.shape) > 1]
        kernel = kernels[rng.integers(len(kernels))]
        draw = keras.initializers.GlorotUniform(seed=int(rng.integers(2**31)))
        kernel.assign(draw(kernel.shape))
