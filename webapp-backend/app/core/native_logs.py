"""Keeps messages of native libraries (absl, oneDNN, XNNPACK) off the console."""

import importlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden_stderr() -> Iterator[None]:
    """Send file descriptor 2 to the null device.

    LiteRT and TensorFlow write there on first use and have no setting to turn that off. The log of
    the service has a descriptor of its own (`app.core.logs`) and stays visible.
    """
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


def load_litert() -> None:
    """Create the face detector's interpreter without its message."""
    import numpy as np

    from detection_model.faces import find_faces

    with hidden_stderr():
        find_faces(np.zeros((128, 128, 3), np.uint8))


def load_tensorflow() -> None:
    """Import TensorFlow without its messages."""
    if "tensorflow" not in sys.modules:
        with hidden_stderr():
            importlib.import_module("tensorflow")
        # Each conversion is a new model: that its functions are traced again is no news to users.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
