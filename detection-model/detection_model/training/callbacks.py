"""Keras callbacks. A resumed training continues exactly where it stopped."""

import math
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from pydantic import BaseModel

import detection_model.architectures.heads  # noqa: F401  registers the layer for files with it
from detection_model.training import fault_injection, run
from detection_model.training.config import TrainConfig
from detection_model.training.network import Stage, rate_at
from detection_model.training.run import RunRecord
from detection_model.training.workers import Workers


class EpochSeeds(keras.callbacks.Callback):  # type: ignore[misc]
    """Makes dropout depend on seed and epoch only: Keras does not save its generators."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Reseed every random generator in the model."""
        for number, state in enumerate(seed_states(self.model)):
            words = np.random.SeedSequence([self.seed, epoch, number]).generate_state(1)
            state.assign([int(words[0]) >> 1, 0])


def seed_states(model: Any) -> list[Any]:
    """State variables, (2,), of all random generators in a model, in layer order."""
    return [v for v in model.non_trainable_variables if v.name == "seed_generator_state"]


class StageRate(keras.callbacks.LearningRateScheduler):  # type: ignore[misc]
    """Applies the learning rate schedule of a stage that began after `first` epochs."""

    def __init__(self, config: TrainConfig, stage: Stage, first: int) -> None:
        super().__init__(lambda epoch, _rate: rate_at(config, stage, epoch - first))


class Warmup(keras.callbacks.Callback):  # type: ignore[misc]
    """Learning rate warm-up over the first batches of epoch `first`.

    Adam's first steps have the size of the learning rate in every weight, whatever the gradient:
    at the full rate they destroy pretrained features (Goyal et al., "Accurate, large minibatch
    SGD", 2017).
    """

    def __init__(self, batches: int, first: int) -> None:
        super().__init__()
        self.batches = batches
        self.first = first
        self.rate: float | None = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Store the epoch's learning rate."""
        optimizer = self.model.optimizer
        self.rate = float(optimizer.learning_rate) if epoch == self.first else None

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Set the batch's learning rate."""
        if self.rate is not None and batch < self.batches:
            self.model.optimizer.learning_rate = self.rate * (batch + 1) / self.batches

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Restore the full learning rate."""
        if self.rate is not None:
            self.model.optimizer.learning_rate = self.rate


class WorkerAverages(keras.callbacks.Callback):  # type: ignore[misc]
    """Averages batch statistics before each validation, and the logs of each epoch."""

    def __init__(self, workers: Workers) -> None:
        super().__init__()
        self.workers = workers

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Average the statistics of batch normalisation."""
        self.workers.equalise(self.model.non_trainable_variables)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Replace the epoch's logs by their means."""
        if logs:
            values = [keras.ops.convert_to_tensor([value], "float32") for value in logs.values()]
            means = self.workers.mean(values)
            logs.update({name: float(mean[0]) for name, mean in zip(logs, means, strict=True)})


class Curves(keras.callbacks.TensorBoard):  # type: ignore[misc]
    """TensorBoard callback that flushes after each epoch; Keras buffers several minutes."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the epoch's points to disk."""
        super().on_epoch_end(epoch, logs)
        for writer in self._writers.values():
            writer.flush()


class ResumedCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Replays past epochs to a Keras callback, so that patience counters survive a resume."""

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
        """Set the model of the inner callback too."""
        super().set_model(model)
        self.inner.set_model(model)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start with the stage's learning rate and replay the past epochs."""
        self.inner.on_train_begin(logs)
        if self.past:
            self.model.optimizer.learning_rate = self.rate
        for number, past in enumerate(self.past):
            self.inner.on_epoch_end(self.first + number, dict(past))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Call the inner callback."""
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
    """After each epoch, writes run.json, the checkpoint `last.keras` and `best.keras`.

    Also writes `epoch-01.keras` etc. if the configuration keeps epochs.

    The checkpoint is written last: after a kill in between, the record is one epoch ahead, and
    the resumed run cuts it back. This callback must come after those that stop the training.
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
    """The last loss is lower than all before; NaN is never best."""
    return bool(losses) and losses[-1] < min(
        (loss for loss in losses[:-1] if not math.isnan(loss)), default=math.inf
    )


def save_checkpoint(model: Any, progress: Progress, path: Path) -> None:
    """Save a model, its optimizer and the training progress in one file."""
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
    """Save a model without its optimizer; with Adam, a third of the size."""
    # Not clone_model: it copies the compiled state.
    bare = type(model).from_config(model.get_config())
    bare.set_weights(model.get_weights())
    temporary = _temporary(path)
    bare.save(temporary)
    temporary.replace(path)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.stem}.tmp.keras")


def stage_callbacks(
    config: TrainConfig,
    stage: Stage,
    progress: Progress,
    folder: Path,
    record: RunRecord,
    workers: Workers,
) -> list[Any]:
    """Callbacks of a stage in the required order: the checkpoint comes last.

    The agreement of several workers comes first, because other callbacks decide by the logs.
    """
    past = progress.of_stage(record.history)
    callbacks: list[Any] = [
        *([WorkerAverages(workers)] if workers.count > 1 else []),
        EpochSeeds(config.seed),
        *fault_injection.callbacks(config.faults, config.seed),
    ]
    if config.schedule != "constant":
        callbacks.append(StageRate(config, stage, progress.first))
    if config.warmup:
        callbacks.append(Warmup(config.warmup, progress.first))
    patient = [
        (config.reduce_on_plateau, keras.callbacks.ReduceLROnPlateau, {"factor": 0.5}),
        (config.early_stopping, keras.callbacks.EarlyStopping, {}),
    ]
    for patience, kind, settings in patient:
        if patience:
            inner = kind(monitor="val_loss", patience=patience, **settings)
            callbacks.append(ResumedCallback(inner, progress.first, past, stage.rate))
    curves = Curves(folder, write_graph=False)
    return [*callbacks, curves, RunCheckpoint(folder, record, progress)]
