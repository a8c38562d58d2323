"""`python -m app.worker`: prepare models until killed, which is harmless at any time."""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

from app import logs
from app.settings import Settings
from app.worker.preparing import Preparer

settings = Settings()
logs.configure(settings.log_format, settings.log_level, prefix="worker: ")
parent = os.getppid()
preparer = Preparer(settings.models_dir, settings.cache_dir)
# An embedded worker whose parent was killed must not stay behind.
while os.getppid() == parent:
    preparer.step()
    time.sleep(settings.poll_seconds)
    if "tensorflow" in sys.modules:
        # What there was to do is done: begin anew without half a gigabyte of TensorFlow.
        os.execv(sys.executable, [sys.executable, "-m", "app.worker"])  # noqa: S606
