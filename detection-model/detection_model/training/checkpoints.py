"""Keeps a run's record and checkpoints after each epoch."""

import math
import zipfile
from pathlib import Path
from typing import Any

import keras
from pydantic import BaseModel

import detection_model.architectures.statistics  # noqa: F401  registers the layer for files with it
from detection_model.training import run
from detection_model.training.run import RunRecord

_PROGRESS = "progress.json"


class Progress(BaseModel):
    """How far a training has come: `epochs` are done in all, `first` of them before the stage."""

    stage: int = 0
    first: int = 0
    epochs: int = 0
    stopped: bool = False

    def of_stage(self, history: dict[str, list[float]]) -> dict[str, list[float]]:
        """What the epochs of this stage have logged; a metric of other stages alone is left out."""
        done = self.epochs - self.first
        parts = {name: values[-done:] if done else [] for name, values in history.items()}
        return {name: values for name, values in parts.items() if len(values) == done}


class RunKeeper(keras.callbacks.Callback):  # type: ignore[misc]
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
    """What `save_checkpoint` saved."""
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
