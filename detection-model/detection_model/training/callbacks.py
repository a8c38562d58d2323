"""What happens between epochs, such that a resumed training goes the way of one that was not."""

from typing import Any

import keras
import numpy as np

from detection_model.training.config import TrainConfig
from detection_model.training.stages import Stage, rate_at


class EpochSeeds(keras.callbacks.Callback):  # type: ignore[misc]
    """Dropout noise that depends on seed and epoch alone: Keras does not save its generators."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Set every generator in the model anew."""
        for number, state in enumerate(seed_states(self.model)):
            drawn = np.random.SeedSequence([self.seed, epoch, number]).generate_state(1)
            state.assign([int(drawn[0]) >> 1, 0])


def seed_states(model: Any) -> list[Any]:
    """The state, (2,), of every random generator of a model's layers, in their order."""
    return [v for v in model.non_trainable_variables if v.name == "seed_generator_state"]


class StageRate(keras.callbacks.LearningRateScheduler):  # type: ignore[misc]
    """The schedule's rate for each epoch of a stage that began after `first` epochs."""

    def __init__(self, config: TrainConfig, stage: Stage, first: int) -> None:
        super().__init__(lambda epoch, _rate: rate_at(config, stage, epoch - first))


class Warmup(keras.callbacks.Callback):  # type: ignore[misc]
    """The rate rises in the first batches of the epoch `first`, up to what that epoch has.

    Adam's first steps are as large as the rate in every weight, whatever the gradient: at full
    rate they undo pretrained features (Goyal et al., "Accurate, large minibatch SGD", 2017).
    """

    def __init__(self, batches: int, first: int) -> None:
        super().__init__()
        self.batches = batches
        self.first = first
        self.rate: float | None = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Note the epoch's rate."""
        optimizer = self.model.optimizer
        self.rate = float(optimizer.learning_rate) if epoch == self.first else None

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Set the batch's share of it."""
        if self.rate is not None and batch < self.batches:
            self.model.optimizer.learning_rate = self.rate * (batch + 1) / self.batches

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Whatever was reached, the next epoch begins with the whole rate."""
        if self.rate is not None:
            self.model.optimizer.learning_rate = self.rate


class Curves(keras.callbacks.TensorBoard):  # type: ignore[misc]
    """Event files that are whole after each epoch; Keras leaves the last minutes in memory."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the epoch's points to the disk."""
        super().on_epoch_end(epoch, logs)
        for writer in self._writers.values():
            writer.flush()


class Replayed(keras.callbacks.Callback):  # type: ignore[misc]
    """A Keras callback that remembers the epochs before a resumption, by living them again."""

    def __init__(
        self, inner: Any, first: int, history: dict[str, list[float]], rate: float
    ) -> None:
        super().__init__()
        self.inner = inner
        self.first = first
        self.past = [
            dict(zip(history, values, strict=True))
            for values in zip(*history.values(), strict=True)
        ]
        self.rate = rate

    def set_model(self, model: Any) -> None:
        """Also the inner one's."""
        super().set_model(model)
        self.inner.set_model(model)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begin with the stage's rate and go through what has been."""
        self.inner.on_train_begin(logs)
        if self.past:
            self.model.optimizer.learning_rate = self.rate
        for number, past in enumerate(self.past):
            self.inner.on_epoch_end(self.first + number, dict(past))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """As the inner one."""
        self.inner.on_epoch_end(epoch, logs)
