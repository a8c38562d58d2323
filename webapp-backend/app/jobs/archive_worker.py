"""Judges the pictures of archives."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from app.core.settings import Settings
from app.inference.pipeline import ModelRequest
from app.inference.registry import Registry
from app.jobs.archive import Archive, opened
from app.jobs.consumer import ATTEMPTS, JobConsumer, JobLostError
from app.jobs.scoring import requests_of, score
from app.schemas.jobs import Job, JobPicture
from app.storage.jobs import Claim, JobStore


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
            self._registry.engines.keep(
                ()
            )  # the engines are large, and the next job may be far off
        self.persist(lambda: self._store.end(job.id, self._name, "finished", None))

    def _score(self, claim: Claim) -> None:
        job, limits = claim.job, self._settings.image_limits
        trust_list = self._settings.trust_anchors
        requests = self._requests(job)
        path = self._settings.jobs_dir / f"{job.id}.zip"
        # After a crash the files are scored one by one, which isolates the one that crashes us.
        batch = self.files_per_commit if claim.attempts == 1 else 1
        done = job.done
        with (
            opened(path, self._settings.archive_limits) as archive,
            ThreadPoolExecutor(self._settings.threads, thread_name_prefix="job") as threads,
        ):
            if claim.attempts > ATTEMPTS and done < len(archive):
                self._add(job.id, [_passed_over(archive, done)])
                done += 1
            for start in range(done, len(archive), batch):
                positions = range(start, min(start + batch, len(archive)))
                results = threads.map(
                    lambda at: score(
                        archive, at, requests, job.parameters.models, limits, trust_list
                    ),
                    positions,
                )
                self._add(job.id, list(results))

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


def _passed_over(archive: Archive, position: int) -> JobPicture:
    return JobPicture(
        position=position,
        file=archive.name(position),
        error="corrupt_image",
        message="The worker crashed each time it read this file, so the file is skipped.",
    )
