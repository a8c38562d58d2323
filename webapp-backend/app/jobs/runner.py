"""Does jobs, one after another, on a thread of the worker."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from app.api.schemas.jobs import Job, JobPicture
from app.jobs.archive import Archive, ArchiveError, opened
from app.jobs.scoring import JobFailedError, questions_of, score
from app.serving.judging import Question
from app.serving.registry import Registry
from app.settings import Settings
from app.store.database import StoreUnavailable
from app.store.jobs import Claim, Claimable, JobStore

log = logging.getLogger(__name__)

T = TypeVar("T")

_BEAT_SECONDS = 1.0
# A job whose beat has not moved for so long is nobody's.
_SILENT_SECONDS = 5.0
# Files between two commits: progress is seen, and little is done twice after a kill.
_BATCH = 16
# So often a file may end the worker before it is passed over.
_ATTEMPTS = 3
_OLD_UPLOAD_SECONDS = 24 * 3600.0


class _LostError(Exception):
    """The job was cancelled, or is another runner's."""


class JobRunner:
    """Takes jobs that wait, and those whose runner has gone."""

    def __init__(self, store: JobStore, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._name = uuid.uuid4().hex
        self._registry = Registry(
            settings.models_dir,
            settings.cache_dir,
            threads=settings.threads,
            memory=settings.models_memory,
            warm=False,  # only what a job asks
        )
        self._beats: dict[str, tuple[int, float]] = {}
        self.busy = False

    def run(self) -> None:
        """Do jobs for ever."""
        while True:
            try:
                self.step()
            except StoreUnavailable as error:
                log.warning("jobs wait for the store (%s)", error)
            except Exception:  # one bad job must not end all later ones
                log.exception("looking for jobs failed")
            time.sleep(self._settings.poll_seconds)

    def step(self) -> None:
        """Do the jobs that can be had now.

        Raises:
            StoreUnavailable: the store cannot be asked which.
        """
        seen = self._store.claimable()
        self._beats = {job.id: self._since(job) for job in seen}
        for job in seen:
            silent = time.monotonic() - self._beats[job.id][1]
            if job.waiting or silent >= _SILENT_SECONDS:
                claim = self._store.claim(job, self._name)
                if claim is not None:
                    self._do(claim)
        self._clean({job.id for job in seen})

    def _since(self, job: Claimable) -> tuple[int, float]:
        """A job's beat, and since when it stands there, by this process's own clock."""
        beat, since = self._beats.get(job.id, (-1, 0.0))
        return (beat, since) if beat == job.beat else (job.beat, time.monotonic())

    def _do(self, claim: Claim) -> None:
        job = claim.job
        log.info("job %s: %d of %d files", job.id[:8], job.done, job.total)
        self.busy = True
        try:
            with self._beating(job.id):
                self._score(claim)
            self._persist(lambda: self._store.end(job.id, self._name, "finished", None))
            log.info("job %s: finished", job.id[:8])
        except _LostError:
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
            self._registry.engines.keep(())  # they are large, and the next job may be far

    def _fail(self, job: str, message: str) -> None:
        self._persist(lambda: self._store.end(job, self._name, "failed", message))

    def _score(self, claim: Claim) -> None:
        job, limits = claim.job, self._settings.image_limits
        questions = self._questions(job)
        path = self._settings.jobs_dir / f"{job.id}.zip"
        # After a start that came to nothing, file by file: so the one that ends us is found.
        batch = _BATCH if claim.attempts == 1 else 1
        done = job.done
        with (
            opened(path, self._settings.archive_limits) as archive,
            ThreadPoolExecutor(self._settings.threads, thread_name_prefix="job") as threads,
        ):
            if claim.attempts > _ATTEMPTS and done < len(archive):
                self._add(job.id, [_passed_over(archive, done)])
                done += 1
            for start in range(done, len(archive), batch):
                positions = range(start, min(start + batch, len(archive)))
                found = threads.map(
                    lambda at: score(archive, at, questions, job.parameters.models, limits),
                    positions,
                )
                self._add(job.id, list(found))

    def _questions(self, job: Job) -> list[Question]:
        while True:
            self._registry.refresh()
            questions = questions_of(job.parameters, self._registry)
            if questions is not None:
                return questions
            if not self._persist(lambda: self._store.beat(job.id, self._name)):
                raise _LostError
            time.sleep(self._settings.poll_seconds)

    def _add(self, job: str, found: list[JobPicture]) -> None:
        if not self._persist(lambda: self._store.add_results(job, self._name, found)):
            raise _LostError

    def _persist(self, write: Callable[[], T]) -> T:
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

    def _clean(self, active: set[str]) -> None:
        """Remove uploads of jobs that have ended, and what was left half-way long ago."""
        for path in self._settings.jobs_dir.glob("*"):
            try:
                if path.stem in active:
                    continue
                old = time.time() - path.stat().st_mtime > _OLD_UPLOAD_SECONDS
                if old or self._store.get(path.stem) is not None:
                    path.unlink()
            except OSError:  # gone already
                continue


def _passed_over(archive: Archive, position: int) -> JobPicture:
    return JobPicture(
        position=position,
        file=archive.name(position),
        error="corrupt_image",
        message="The worker ended each time it looked at this file, so it is left out.",
    )
