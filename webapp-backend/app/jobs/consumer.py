"""Consumes jobs of one kind, one at a time, on a thread of the worker."""

import logging
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import ClassVar, TypeVar

from app.core.settings import Settings
from app.jobs.archive import ArchiveError
from app.schemas.jobs import JobKind
from app.storage.database import StoreUnavailable
from app.storage.jobs import Claim, Claimable, JobStore

log = logging.getLogger(__name__)

T = TypeVar("T")

_OLD_UPLOAD_SECONDS = 24 * 3600.0
# A job that crashes the worker this often without progress is given up.
ATTEMPTS = 3


class JobLostError(Exception):
    """The job was cancelled, or another worker has taken it over."""


class JobFailedError(Exception):
    """The job cannot be done; the message says why."""


class JobConsumer(ABC):
    """Claims waiting jobs, and running jobs whose worker has died."""

    kind: ClassVar[JobKind]
    # File suffixes of uploads; the stem is the job id.
    uploads: ClassVar[tuple[str, ...]]
    # Time between two heartbeats.
    beat_seconds: ClassVar[float] = 1.0
    # After this long without a heartbeat, another worker takes the job over.
    silent_seconds: ClassVar[float] = 5.0

    def __init__(self, store: JobStore, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._name = uuid.uuid4().hex
        self._beats: dict[str, tuple[int, float]] = {}
        self._job: str | None = None

    @abstractmethod
    def work(self, claim: Claim) -> None:
        """Do a job and store its end.

        Raises:
            JobLostError: it was cancelled, or another worker has taken it over.
            JobFailedError: it cannot be done.
            ArchiveError: its archive is damaged.
            FileNotFoundError: its upload is missing.
        """

    @property
    def busy(self) -> bool:
        """True while it does a job."""
        return self._job is not None

    @property
    def pause(self) -> float:
        """Seconds between two polls of the queue."""
        return self._settings.poll_seconds

    def run(self) -> None:
        """Do jobs until the process ends."""
        while True:
            try:
                self.step()
            except StoreUnavailable as error:
                log.warning("jobs wait for the database (%s)", error)
            except Exception:  # one bad job must not end all later ones
                log.exception("looking for jobs failed")
            time.sleep(self.pause)

    def step(self) -> None:
        """Do the jobs that are available now.

        Raises:
            StoreUnavailable: the database cannot be read.
        """
        claimable = self._store.claimable(self.kind)
        self._beats = {job.id: self._since(job) for job in claimable}
        for job in claimable:
            silent = time.monotonic() - self._beats[job.id][1]
            if job.waiting or silent >= self.silent_seconds:
                claim = self._store.claim(job, self._name)
                if claim is not None:
                    self._do(claim)
        self._clean()

    def _since(self, job: Claimable) -> tuple[int, float]:
        """A job's heartbeat, and since when it is unchanged, by this process's clock."""
        beat, since = self._beats.get(job.id, (-1, 0.0))
        return (beat, since) if beat == job.beat else (job.beat, time.monotonic())

    def _do(self, claim: Claim) -> None:
        job = claim.job
        log.info("job %s: %d of %d", job.id[:8], job.done, job.total)
        self._job = job.id
        try:
            with self._beating(job.id):
                self.work(claim)
            log.info("job %s: finished", job.id[:8])
        except JobLostError:
            log.info("job %s: cancelled or taken over", job.id[:8])
        except (JobFailedError, ArchiveError) as error:
            self._fail(job.id, str(error))
        except FileNotFoundError:
            self._fail(job.id, "The upload is missing. Start the job again.")
        except Exception:  # a bug must not be retried for ever
            log.exception("job %s failed", job.id[:8])
            self._fail(job.id, "Something went wrong on our side. Please report this.")
        finally:
            self._job = None
        with suppress(StoreUnavailable):
            self._clean(job.id)

    def take_back_attempt(self) -> None:
        """Before an orderly stop, which is no crash: do not count the start of the job in work."""
        if self._job is not None:
            with suppress(StoreUnavailable):
                self._store.take_back_attempt(self._job, self._name)

    def _fail(self, job: str, message: str) -> None:
        self.persist(lambda: self._store.end(job, self._name, "failed", message))

    def persist(self, write: Callable[[], T]) -> T:
        """Retry a write until the database works, so that no finished work is lost."""
        while True:
            try:
                return write()
            except StoreUnavailable as error:
                log.warning("a job waits for the database (%s)", error)
                time.sleep(self.beat_seconds)

    @contextmanager
    def _beating(self, job: str) -> Iterator[None]:
        """Send heartbeats while the block runs."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(self.beat_seconds):
                try:
                    self._store.beat(job, self._name)
                except StoreUnavailable:
                    continue  # retried with the next one

        thread = threading.Thread(target=beat, name="beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _clean(self, job_id: str = "*") -> None:
        """Delete uploads of ended jobs, and old unfinished ones."""
        for path in self._settings.jobs_dir.glob(f"{job_id}.*"):
            if path.suffix not in self.uploads:
                continue
            try:
                job = self._store.get(path.stem)
                old = time.time() - path.stat().st_mtime > _OLD_UPLOAD_SECONDS
                if job.ended if job else old:
                    path.unlink()
            except OSError:  # gone already
                continue
