"""Jobs of one kind, done one after another on a thread of the worker."""

import logging
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, TypeVar

from app.core.settings import Settings
from app.jobs.archive import ArchiveError
from app.schemas.jobs import JobKind
from app.storage.database import StoreUnavailable
from app.storage.jobs import Claim, Claimable, JobStore

log = logging.getLogger(__name__)

T = TypeVar("T")

_BEAT_SECONDS = 1.0
# A job whose beat has not moved for so long is nobody's.
_SILENT_SECONDS = 5.0
_OLD_UPLOAD_SECONDS = 24 * 3600.0
# So often a job may end the worker without progress before something is done about it.
ATTEMPTS = 3


class JobLostError(Exception):
    """The job was cancelled, or is another runner's."""


class JobFailedError(Exception):
    """A job that cannot be done; the message says why."""


class JobConsumer(ABC):
    """Takes jobs that wait, and those whose runner has gone."""

    kind: ClassVar[JobKind]
    # How uploads of this kind end; they are named by their jobs.
    uploads: ClassVar[tuple[str, ...]]

    def __init__(self, store: JobStore, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._name = uuid.uuid4().hex
        self._beats: dict[str, tuple[int, float]] = {}
        self.busy = False

    @abstractmethod
    def work(self, claim: Claim) -> None:
        """Do a job, and finish it in the store.

        Raises:
            JobLostError: it is not this runner's any more.
            JobFailedError: it cannot be done.
            ArchiveError: it cannot be done, as its archive is damaged.
            FileNotFoundError: the upload is gone.
        """

    @property
    def pause(self) -> float:
        """Seconds until the next look."""
        return self._settings.poll_seconds

    def run(self) -> None:
        """Do jobs for ever."""
        while True:
            try:
                self.step()
            except StoreUnavailable as error:
                log.warning("jobs wait for the store (%s)", error)
            except Exception:  # one bad job must not end all later ones
                log.exception("looking for jobs failed")
            time.sleep(self.pause)

    def step(self) -> None:
        """Do the jobs that can be had now.

        Raises:
            StoreUnavailable: the store cannot be asked which.
        """
        seen = self._store.claimable(self.kind)
        self._beats = {job.id: self._since(job) for job in seen}
        for job in seen:
            silent = time.monotonic() - self._beats[job.id][1]
            if job.waiting or silent >= _SILENT_SECONDS:
                claim = self._store.claim(job, self._name)
                if claim is not None:
                    self._do(claim)
        self._clean()

    def _since(self, job: Claimable) -> tuple[int, float]:
        """A job's beat, and since when it stands there, by this process's own clock."""
        beat, since = self._beats.get(job.id, (-1, 0.0))
        return (beat, since) if beat == job.beat else (job.beat, time.monotonic())

    def _do(self, claim: Claim) -> None:
        job = claim.job
        log.info("job %s: %d of %d", job.id[:8], job.done, job.total)
        self.busy = True
        try:
            with self._beating(job.id):
                self.work(claim)
            log.info("job %s: finished", job.id[:8])
        except JobLostError:
            log.info("job %s: cancelled or taken over", job.id[:8])
        except (JobFailedError, ArchiveError) as error:
            self._fail(job.id, str(error))
        except FileNotFoundError:
            self._fail(job.id, "The upload is gone. Start the job again.")
        except Exception:  # a bug here must not be tried for ever
            log.exception("job %s failed", job.id[:8])
            self._fail(job.id, "Something went wrong on our side. Please report this.")
        finally:
            self.busy = False

    def _fail(self, job: str, message: str) -> None:
        self.persist(lambda: self._store.end(job, self._name, "failed", message))

    def persist(self, write: Callable[[], T]) -> T:
        """Write, however long the store is away: what was done must not be lost."""
        while True:
            try:
                return write()
            except StoreUnavailable as error:
                log.warning("a job waits for the store (%s)", error)
                time.sleep(_BEAT_SECONDS)

    @contextmanager
    def _beating(self, job: str) -> Iterator[None]:
        """Show all the while that the job is being done."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(_BEAT_SECONDS):
                try:
                    self._store.beat(job, self._name)
                except StoreUnavailable:
                    continue  # the next one

        thread = threading.Thread(target=beat, name="beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _clean(self) -> None:
        """Remove uploads of jobs that have ended, and what was left half-way long ago."""
        for path in self._settings.jobs_dir.glob("*"):
            if path.suffix not in self.uploads:
                continue
            try:
                job = self._store.get(path.stem)
                old = time.time() - path.stat().st_mtime > _OLD_UPLOAD_SECONDS
                if job.ended if job else old:
                    path.unlink()
            except OSError:  # gone already
                continue
