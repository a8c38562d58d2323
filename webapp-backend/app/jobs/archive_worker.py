"""Judges the pictures of archives."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from itertools import islice
from typing import ClassVar, TypeVar

from app.core.settings import Settings
from app.inference.pipeline import ModelRequest
from app.inference.registry import Registry
from app.jobs.archive import Archive, opened
from app.jobs.consumer import ATTEMPTS, JobConsumer, JobLostError
from app.jobs.scoring import Copies, refusal, requests_of, score
from app.schemas.jobs import Job, JobPicture
from app.storage.jobs import Claim, JobStore

T = TypeVar("T")


class ArchiveWorker(JobConsumer):
    """Jobs of kind score."""

    kind = "score"
    uploads = (".zip", ".part")
    # Files between two commits: progress is seen, and little is done twice after a kill.
    files_per_commit: ClassVar[int] = 16

    def __init__(self, store: JobStore, settings: Settings) -> None:
        super().__init__(store, settings)
        self._registry = Registry(
            settings.models_dir,
            settings.cache_dir,
            threads=settings.threads,
            memory=settings.models_memory,
            warm=False,  # only what a job asks
        )

    def work(self, claim: Claim) -> None:
        """Judge file by file, from the first that has no result."""
        job = claim.job
        try:
            self._score(claim)
        finally:
            # The engines are large, and the next job may be far off.
            self._registry.engines.keep(())
        self.persist(lambda: self._store.end(job.id, self._name, "finished", None))

    def _score(self, claim: Claim) -> None:
        job, limits = claim.job, self._settings.image_limits
        trust_list = self._settings.trust_anchors
        requests = self._requests(job)
        path = self._settings.jobs_dir / f"{job.id}.zip"
        ahead = self.files_per_commit + self._settings.threads
        # The files that may have been in work at a crash are scored one by one, which isolates the
        # one that crashes us.
        suspects = self.files_per_commit + ahead if claim.attempts > 1 else 0
        done = job.done

        def judge(position: int) -> JobPicture:
            return score(archive, position, requests, job.parameters.models, limits, trust_list)

        with (
            opened(path, self._settings.archive_limits) as archive,
            ThreadPoolExecutor(self._settings.threads, thread_name_prefix="job") as threads,
        ):
            copies = self.persist(lambda: Copies(self._store.all_results(job.id)))
            if claim.attempts > ATTEMPTS and done < len(archive):
                self._add(job.id, [_left_out(archive, done)])
                done += 1
            files = range(done, len(archive))
            one_by_one = in_order(threads, judge, files[:suspects], ahead=1)
            together = in_order(threads, judge, files[suspects:], ahead=ahead)
            for results, batch in ((one_by_one, 1), (together, self.files_per_commit)):
                while pictures := list(islice(results, batch)):
                    self._add(job.id, [copies.mark(picture) for picture in pictures])

    def _requests(self, job: Job) -> list[ModelRequest]:
        while True:
            self._registry.refresh()
            requests = requests_of(job.parameters, self._registry)
            if requests is not None:
                return requests
            if not self.persist(lambda: self._store.beat(job.id, self._name)):
                raise JobLostError
            time.sleep(self._settings.poll_seconds)

    def _add(self, job: str, results: list[JobPicture]) -> None:
        if not self.persist(lambda: self._store.add_results(job, self._name, results)):
            raise JobLostError


def in_order(
    threads: Executor, work: Callable[[int], T], positions: Iterable[int], *, ahead: int
) -> Iterator[T]:
    """Results in the order of their positions.

    Up to `ahead` positions are in work, also while the caller handles a result: with as many as a
    batch and all threads, no thread waits while a batch is stored.
    """
    running: deque[Future[T]] = deque()
    try:
        for position in positions:
            if len(running) == ahead:
                yield running.popleft().result()
            running.append(threads.submit(work, position))
        while running:
            yield running.popleft().result()
    finally:
        for future in running:
            future.cancel()


def _left_out(archive: Archive, position: int) -> JobPicture:
    message = "The worker crashed each time it read this file, so the file is skipped."
    return refusal(archive, position, "corrupt_image", message)
