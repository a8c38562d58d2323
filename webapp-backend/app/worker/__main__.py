"""`python -m app.worker`: converts models and runs jobs. Safe to kill at any time."""

import os
import signal
import sys
import threading
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

from app.core import logs, native_logs
from app.core.parent import exit_with_parent
from app.core.settings import Settings
from app.jobs.archive_worker import ArchiveWorker
from app.jobs.heat_map_worker import HeatMapWorker
from app.storage.database import Database
from app.storage.jobs import JobStore
from app.storage.overrides import OverrideStore
from app.worker.conversion import ModelConverter

# Requests have priority over jobs.
_NICE = 5
# Argument of a worker that has replaced itself.
_RESTARTED = "--restarted"

settings = Settings()
logs.configure(settings.log_format, settings.log_level, prefix="worker: ")
if hasattr(os, "setpriority"):  # not on Windows
    os.setpriority(os.PRIO_PROCESS, 0, _NICE)
exit_with_parent()
native_logs.load_litert()
database = Database(settings.store_url)
store, overrides = JobStore(database), OverrideStore(database)


def chosen_model() -> str | None:
    """The model that an operator made the default."""
    overrides.refresh()
    return overrides.current.active


converter = ModelConverter(settings.models_dir, settings.cache_dir, chosen_model)
archives, heat_maps = ArchiveWorker(store, settings), HeatMapWorker(store, settings)
for consumer in (archives, heat_maps):
    threading.Thread(target=consumer.run, name=consumer.kind, daemon=True).start()
# The first heat map after a start does not wait for TensorFlow.
prepared = _RESTARTED in sys.argv or settings.explain_idle == 0
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    while True:
        converter.step()
        time.sleep(settings.poll_seconds)
        if not prepared and (model := converter.default_model()):
            prepared = True
            heat_maps.prepare(model)
        if "tensorflow" in sys.modules and not (archives.busy or heat_maps.busy or heat_maps.warm):
            # Nothing left to do: restart to free the half gigabyte that TensorFlow holds.
            os.execv(sys.executable, [sys.executable, "-m", "app.worker", _RESTARTED])  # noqa: S606
except KeyboardInterrupt:  # an orderly stop is no crash
    for consumer in (archives, heat_maps):
        consumer.take_back_attempt()
    os._exit(0)  # the threads compute on
