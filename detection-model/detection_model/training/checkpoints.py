"""Keeps a run's record and checkpoints after each epoch."""

from pathlib import Path
from typing import Any

import keras

from detection_model.training import run
from detection_model.training.run import RunRecord


class RunKeeper(keras.callbacks.Callback):  # type: ignore[misc]
    """After each epoch: the history into run.json, `last.keras` to go on from, `best.keras`.

    The checkpoint comes last: after a kill in between, the record is an epoch ahead, and the
    resumed run cuts it back to the epochs that the checkpoint's optimizer has counted.
    """

    def __init__(self, folder: Path, record: RunRecord) -> None:
        super().__init__()
        self.folder = folder
        self.record = record

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write everything; each file replaces its predecessor at once."""
        for name, value in (logs or {}).items():
            self.record.history.setdefault(name, []).append(float(value))
        losses = self.record.history.get("val_loss", [])
        if losses and losses[-1] == min(losses):
            self.record.best_epoch = epoch + 1
            save_weights_only(self.model, self.folder / run.BEST)
        self.record.save(self.folder)
        _replace(self.model, self.folder / run.LAST)


def save_weights_only(model: Any, path: Path) -> None:
    """Save a model without its optimizer: a third of the size with Adam."""
    # Not clone_model: it brings the compiled state along.
    bare = type(model).from_config(model.get_config())
    bare.set_weights(model.get_weights())
    _replace(bare, path)


def _replace(model: Any, path: Path) -> None:
    temporary = path.with_name(f".{path.stem}.tmp.keras")
    model.save(temporary)
    temporary.replace(path)
