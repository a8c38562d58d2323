"""`python -m app.worker`: prepare models until stopped."""

import logging
import os
import signal
import sys
import threading

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

from app.settings import Settings
from app.worker.preparing import Preparer

logging.basicConfig(level=logging.INFO, format="worker: %(message)s")
logging.getLogger("absl").setLevel(logging.WARNING)  # Keras tells of every file it writes
settings = Settings()
stop = threading.Event()
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: stop.set())
parent = os.getppid()
preparer = Preparer(settings.models_dir, settings.cache_dir)
# An embedded worker whose parent was killed must not stay behind.
while os.getppid() == parent:
    preparer.step()
    if stop.wait(settings.poll_seconds):
        break
    if "tensorflow" in sys.modules:
        # What there was to do is done: begin anew without half a gigabyte of TensorFlow.
        os.execv(sys.executable, [sys.executable, "-m", "app.worker"])  # noqa: S606
