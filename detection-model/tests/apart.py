"""The command line in a process of its own, and one that a signal ends in its second epoch."""

import subprocess
import sys

_ENDED = """
import signal
from detection_model.training.checkpoints import RunKeeper

def end(keeper, batch, logs=None):
    if keeper.progress.epochs == 1 and batch == 2:
        signal.raise_signal({number})

signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs of a shell may ignore it
RunKeeper.on_train_batch_begin = end
"""


def run_apart(arguments: list[str], first: str = "") -> "subprocess.CompletedProcess[str]":
    """The command line with these arguments, after some code."""
    code = f"{first}\nfrom detection_model.cli import app\napp()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def ended_by(number: int, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    """A training that gets this signal between two batches: no clock decides when."""
    return run_apart(arguments, _ENDED.format(number=int(number)))
