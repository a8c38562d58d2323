"""How a training tells what it is doing, and why it cannot go on."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from detection_model.data.decoding import BadPicture, Progress


class TrainingError(ValueError):
    """A training that cannot start; the message says what to change."""


class Interrupted(Exception):  # noqa: N818  not an error: Ctrl-C
    """Training was stopped by hand; the same command goes on from the checkpoint."""

    def __init__(self, folder: Path, epochs_done: int) -> None:
        super().__init__(f"stopped after {epochs_done} epochs")
        self.folder = folder
        self.epochs_done = epochs_done


@dataclass
class Reporter:
    """How a training tells what it is doing; all may be left silent."""

    say: Callable[[str], None] = lambda _text: None
    bad: Callable[[BadPicture], None] = lambda _bad: None
    decoding: Callable[[str], AbstractContextManager[Progress]] = lambda _split: nullcontext(
        lambda _done, _total: None
    )
    verbose: int = 0
