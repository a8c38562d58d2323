"""Keras callbacks. A resumed training continues exactly where it stopped."""

import math
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from pydantic import BaseModel

import detection_model.architectures.statistics  # noqa: F401  registers the layer for files with it
from detection_model.training import fault_injection, run
from detection_model.training.config import TrainConfig
from detection_model.training.network import Stage, rate_at
from detection_model.training.run import RunRecord


class EpochSeeds(keras.callbacks.Callback):  # type: ignore[misc]
    """Dropout noise that depends on seed and epoch alone: Keras does not save its generators."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Reseed every random generator in the model."""
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


class ResumedCallback(keras.callbacks.Callback):  # type: ignore[misc]
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


_PROGRESS = "progress.json"


class Progress(BaseModel):
    """Progress of a training: `epochs` done in total, `first` of them before this stage."""

    stage: int = 0
    first: int = 0
    epochs: int = 0
    stopped: bool = False

    def of_stage(self, history: dict[str, list[float]]) -> dict[str, list[float]]:
        """Logs of this stage's epochs, without metrics of other stages."""
        done = self.epochs - self.first
        parts = {name: values[-done:] if done else [] for name, values in history.items()}
        return {name: values for name, values in parts.items() if len(values) == done}


class RunCheckpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """After each epoch: the history into run.json, `last.keras` to go on from, `best.keras`.

    And `epoch-01.keras` and so on, where the configuration keeps them.

    The checkpoint comes last: after a kill in between, the record is an epoch ahead, and the
    resumed run cuts it back to the epochs that the checkpoint knows of. It must stand after
    whatever may stop the training.
    """

    def __init__(self, folder: Path, record: RunRecord, progress: Progress) -> None:
        super().__init__()
        self.folder = folder
        self.record = record
        self.progress = progress

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write everything; each file replaces its predecessor at once."""
        for name, value in (logs or {}).items():
            self.record.history.setdefault(name, []).append(float(value))
        if is_best(self.record.history.get("val_loss", [])):
            self.record.best_epoch = epoch + 1
            save_weights_only(self.model, self.folder / run.BEST)
        if self.record.config.keep_epochs:
            save_weights_only(self.model, self.folder / f"epoch-{epoch + 1:02}.keras")
        self.progress.epochs = epoch + 1
        self.progress.stopped = bool(self.model.stop_training)
        self.record.save(self.folder)
        save_checkpoint(self.model, self.progress, self.folder / run.LAST)


def is_best(losses: list[float]) -> bool:
    """The last one is lower than all before; what is no number is never best."""
    return bool(losses) and losses[-1] < min(
        (loss for loss in losses[:-1] if not math.isnan(loss)), default=math.inf
    )


def save_checkpoint(model: Any, progress: Progress, path: Path) -> None:
    """Save a model with its optimizer and, in the same file, how far its training has come."""
    temporary = _temporary(path)
    model.save(temporary)
    with zipfile.ZipFile(temporary, "a") as archive:
        archive.writestr(_PROGRESS, progress.model_dump_json())
    temporary.replace(path)


def load_checkpoint(path: Path) -> tuple[Any, Progress]:
    """Load what `save_checkpoint` saved."""
    model = keras.saving.load_model(path)
    with zipfile.ZipFile(path) as archive:
        return model, Progress.model_validate_json(archive.read(_PROGRESS))


def save_weights_only(model: Any, path: Path) -> None:
    """Save a model without its optimizer: a third of the size with Adam."""
    # Not clone_model: it brings the compiled state along.
    bare = type(model).from_config(model.get_config())
    bare.set_weights(model.get_weights())
    temporary = _temporary(path)
    bare.save(temporary)
    temporary.replace(path)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.stem}.tmp.keras")


def stage_callbacks(
    config: TrainConfig, stage: Stage, progress: Progress, folder: Path, record: RunRecord
) -> list[Any]:
    """In the order in which they must be called: the checkpoint after all that it vouches for."""
    past = progress.of_stage(record.history)
    found: list[Any] = [
        EpochSeeds(config.seed),
        *fault_injection.callbacks(config.faults, config.seed),
    ]
    if config.schedule != "constant":
        found.append(StageRate(config, stage, progress.first))
    if config.warmup:
        found.append(Warmup(config.warmup, progress.first))
    patient = [
        (config.reduce_on_plateau, keras.callbacks.ReduceLROnPlateau, {"factor": 0.5}),
        (config.early_stopping, keras.callbacks.EarlyStopping, {}),
    ]
    for patience, kind, settings in patient:
        if patience:
            inner = kind(monitor="val_loss", patience=patience, **settings)
            found.append(ResumedCallback(inner, progress.first, past, stage.rate))
    curves = Curves(folder, write_graph=False)
    return [*found, curves, RunCheckpoint(folder, record, progress)]
