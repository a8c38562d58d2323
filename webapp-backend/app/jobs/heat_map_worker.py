"""Computes heat maps, and keeps TensorFlow and the last models in memory for the next ones."""

import logging
import time
from collections import OrderedDict
from pathlib import Path

import numpy as np

from app.core import native_logs
from app.core.settings import Settings
from app.inference.model_folder import FolderWatch, ModelPath, Stamp
from app.jobs.consumer import ATTEMPTS, JobConsumer, JobFailedError, JobLostError
from app.jobs.heat_map import heat_map
from app.jobs.heat_map_requests import UPLOAD
from app.schemas.jobs import Job, JobModel
from app.storage.database import StoreUnavailable
from app.storage.jobs import Claim, JobStore
from detection_model import imaging
from detection_model.card import CardError
from detection_model.explain.attribution import ExplainError
from detection_model.explain.explanation import Explainer
from detection_model.imaging import ImageError
from detection_model.inference.detector import ModelError

log = logging.getLogger(__name__)

# A picture for the first look of a model.
_BLANK = np.zeros((256, 256, 3), np.uint8)
# Models in memory.
_KEPT = 2
# A file and its card in one of their states.
_Key = tuple[Path, tuple[Stamp | None, ...]]
# Seconds between two polls of the queue while warm: heat maps often come in a row.
_WARM_PAUSE = 0.2


class HeatMapWorker(JobConsumer):
    """Does jobs of kind explain, on its own thread, so that they never wait for an archive."""

    kind = "explain"
    uploads = (UPLOAD,)

    def __init__(self, store: JobStore, settings: Settings) -> None:
        super().__init__(store, settings)
        self._watch = FolderWatch(settings.models_dir)
        self._explainers: OrderedDict[_Key, Explainer] = OrderedDict()
        self._used = 0.0
        self._next: ModelPath | None = None

    @property
    def warm(self) -> bool:
        """True if TensorFlow and a model are loaded and were used recently, or are being loaded."""
        if self._next is not None:
            return True
        idle = time.monotonic() - self._used
        return bool(self._explainers) and idle < self._settings.explain_idle

    @property
    def pause(self) -> float:
        """Seconds between two polls; short while warm."""
        return min(_WARM_PAUSE, super().pause) if self.warm else super().pause

    def prepare(self, file: ModelPath) -> None:
        """Have TensorFlow and a model loaded before the first heat map, on this worker's thread."""
        self._next = file

    def step(self) -> None:
        """Load the model to prepare, if any, then do the jobs that are available now."""
        if self._next is not None:
            try:
                explainer = self._load((self._next.path, self._next.stamps))
                explainer.explain("gradcam", _BLANK)  # traces the gradient
                self._used = time.monotonic()
            except (ModelError, CardError, ExplainError, OSError) as error:
                log.warning("%s: not prepared for heat maps (%s)", self._next.name, error)
            finally:
                self._next = None
        super().step()

    def work(self, claim: Claim) -> None:
        """Compute one heat map, then delete the picture."""
        job = claim.job
        if claim.attempts > ATTEMPTS:
            raise JobFailedError("The worker crashed at each attempt to compute this heat map.")
        upload = self._settings.jobs_dir / f"{job.id}{UPLOAD}"
        try:
            answer = self._explained(job, upload.read_bytes())
        except (ExplainError, ImageError, ModelError, CardError) as error:
            raise JobFailedError(str(error)) from None
        if not self.persist(lambda: self._store.answered(job.id, self._name, answer)):
            raise JobLostError
        upload.unlink(missing_ok=True)

    def _explained(self, job: Job, data: bytes) -> str:
        picture = imaging.decode(data, self._settings.image_limits)
        (model,), task = job.parameters.models, job.parameters.explain
        if task is None:
            raise JobFailedError("The job does not say what to explain.")
        explainer = self._explainer(model)

        def progress(done: int, total: int) -> None:
            try:
                is_mine = self._store.progress(job.id, self._name, done, total)
            except StoreUnavailable:
                return  # the next time
            if not is_mine:
                raise JobLostError

        try:
            return heat_map(explainer, model, task, picture, progress).model_dump_json()
        finally:
            self._used = time.monotonic()

    def _explainer(self, model: JobModel) -> Explainer:
        """The model of a job, from memory or from its file.

        Raises:
            JobFailedError: it was removed or replaced.
            ModelError: it cannot be loaded.
            CardError: its card does not fit it.
        """
        key = self._file(model)
        if key not in self._explainers:
            self._load(key)
            if self._file(model) != key:  # it was replaced meanwhile
                del self._explainers[key]
                raise _gone(model)
        self._explainers.move_to_end(key)
        return self._explainers[key]

    def _load(self, key: _Key) -> Explainer:
        native_logs.load_tensorflow()
        explainer = self._explainers[key] = Explainer.load(key[0])
        while len(self._explainers) > _KEPT:
            self._explainers.popitem(last=False)
        return explainer

    def _file(self, model: JobModel) -> _Key:
        for file in self._watch.scan():
            if file.name == model.name and self._watch.sha256(file) == model.sha256:
                return file.path, file.stamps
        raise _gone(model)


def _gone(model: JobModel) -> JobFailedError:
    return JobFailedError(
        f"{model.name} was replaced or removed since the job was accepted. "
        "Start the heat map again."
    )
