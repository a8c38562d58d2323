"""Ends a child process when the service that started it is gone, even if that was killed."""

import os
import signal
import threading
import time

# Set in the environment of a child whose standard input is a pipe that the service holds open.
SUPERVISED = "SUPERVISED"
_STOP_SECONDS = 5


def exit_with_parent() -> None:
    """End this process when its standard input ends, if the service supervises it."""
    if os.environ.get(SUPERVISED):
        threading.Thread(target=_wait_and_exit, name="parent", daemon=True).start()


def _wait_and_exit() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)  # the worker then stops in order
    time.sleep(_STOP_SECONDS)
    os._exit(1)
