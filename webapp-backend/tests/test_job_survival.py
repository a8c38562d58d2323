"""Jobs go on through kills, lost answers, a store that is away and models that change."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from archives import WHITE, many, packed, results, start, started, state
from fastapi.testclient import TestClient
from service_factories import (
    brightness_model,
    card_for,
    picture,
    prepare,
    ready_client,
    settings_for,
)

from app.core.settings import Settings
from app.inference.registry import Registry
from app.jobs.archive_worker import ArchiveWorker
from app.jobs.consumer import JobConsumer, JobFailedError
from app.jobs.scoring import requests_of, score
from app.schemas.jobs import JobModel, JobParameters, JobPicture
from app.service import Service
from app.storage.database import StoreUnavailable
from app.storage.jobs import JobStore
from detection_model.card import file_sha256


class Killed(BaseException):
    """Stands in for a kill -9."""


def test_results_are_stored_once_through_kills_and_lost_answers(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobConsumer, "silent_seconds", 0.0)
    monkeypatch.setattr(ArchiveWorker, "files_per_commit", 3)
    # Seven different pictures in twenty files.
    names = [f"Fake/{number}.png" for number in range(20)]
    pictures = {name: picture(number % 7) for number, name in enumerate(names)}
    job = started(client, packed(pictures), model="bright")
    add_results = JobStore.add_results
    calls = 0

    def unreliable(store: JobStore, *args: Any) -> bool:
        nonlocal calls
        calls += 1
        if calls % 3 == 1:
            raise Killed  # before anything was stored
        stored = add_results(store, *args)
        if calls % 3 == 2:
            raise Killed  # stored, but the worker does not know
        return stored

    monkeypatch.setattr(JobStore, "add_results", unreliable)
    kills = 0
    while state(client, job)["state"] in ("waiting", "running"):
        runner = ArchiveWorker(service.jobs, service.settings)
        try:
            runner.step()
        except Killed:
            kills += 1
    assert kills > 3
    rows = results(client, job)
    assert [picture["file"] for picture in rows] == names
    assert [picture["copy_of"] for picture in rows] == [
        None if number < 7 else number % 7 for number in range(20)
    ]
    ended = state(client, job)
    assert (ended["state"], ended["done"], ended["failed"]) == ("finished", 20, 0)
    assert ended["archive"]["copies"] == 13
    (labelled,) = ended["archive"]["labelled"]
    assert (labelled["wrong"], labelled["right"]) == (20, 0)  # dark pictures are Real to bright


def test_a_commit_whose_answer_was_lost_is_not_stored_twice(
    client: TestClient, service: Service
) -> None:
    job = started(client, packed(many(2)), model="bright")
    store = service.jobs
    claim = store.claim(store.claimable()[0], "me")
    assert claim is not None
    pictures = [refused_picture(0), refused_picture(1)]
    assert store.add_results(job["id"], "me", pictures[:1])
    assert store.add_results(job["id"], "me", pictures)
    assert state(client, job)["done"] == 2
    assert len(results(client, job)) == 2


def refused_picture(position: int) -> JobPicture:
    return JobPicture(position=position, file=f"{position}.png", error="corrupt_image")


def test_a_runner_that_was_given_up_stores_nothing_more(
    client: TestClient, service: Service
) -> None:
    job = started(client, packed(many(2)), model="bright")
    store = service.jobs
    (claim,) = store.claimable()
    assert store.claim(claim, "slow") is not None
    assert store.claim(claim, "too late") is None  # its beat has moved
    assert store.claim(store.claimable()[0], "new") is not None
    pictures = [refused_picture(0)]
    assert not store.add_results(job["id"], "slow", pictures)
    assert not store.beat(job["id"], "slow")
    assert not store.end(job["id"], "slow", "finished", None)
    assert store.add_results(job["id"], "new", pictures)


def test_a_job_that_is_being_done_is_not_taken_from_its_runner(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(client, packed(many(2)), model="bright")
    (claim,) = service.jobs.claimable()
    assert service.jobs.claim(claim, "other") is not None
    now = 0.0
    monkeypatch.setattr("app.jobs.archive_worker.time.monotonic", lambda: now)
    watcher = ArchiveWorker(service.jobs, service.settings)
    for _ in range(10):  # it beats
        now += 4
        (job,) = service.jobs.claimable()
        service.jobs.beat(job.id, "other")
        watcher.step()
    assert service.jobs.claimable()[0].waiting is False
    now += 4  # it has fallen silent
    watcher.step()
    assert service.jobs.claimable() != []
    now += 4
    watcher.step()
    assert service.jobs.claimable() == []


def test_a_file_that_ends_the_worker_each_time_is_passed_over(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobConsumer, "silent_seconds", 0.0)
    job = started(client, packed(many(6)), model="bright")

    def deadly(archive: Any, position: int, *args: Any) -> Any:
        if position == 4:
            raise Killed
        return score(archive, position, *args)

    monkeypatch.setattr("app.jobs.archive_worker.score", deadly)
    for _ in range(12):
        try:
            ArchiveWorker(service.jobs, service.settings).step()
        except Killed:
            continue
    ended = state(client, job)
    assert (ended["state"], ended["done"], ended["failed"]) == ("finished", 6, 1)
    assert "crashed each time" in results(client, job)[4]["message"]


def test_a_worker_that_is_stopped_during_a_job_has_not_crashed(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobConsumer, "silent_seconds", 0.0)
    job = started(client, packed(many(2)), model="bright")
    with monkeypatch.context() as patched:
        for _ in range(4):
            worker = ArchiveWorker(service.jobs, service.settings)

            def stopped(*_: object, worker: ArchiveWorker = worker) -> None:
                worker.take_back_attempt()
                raise Killed

            patched.setattr("app.jobs.archive_worker.score", stopped)
            with pytest.raises(Killed):
                worker.step()
    worker = ArchiveWorker(service.jobs, service.settings)
    worker.take_back_attempt()  # without a job it does nothing
    worker.step()
    ended = state(client, job)
    assert (ended["state"], ended["done"], ended["failed"]) == ("finished", 2, 0)


def test_after_a_crash_only_the_files_that_were_in_work_are_scored_one_by_one(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobConsumer, "silent_seconds", 0.0)
    monkeypatch.setattr(ArchiveWorker, "files_per_commit", 4)
    settings = service.settings.model_copy(update={"threads": 2})
    started(client, packed(many(20)), model="bright")
    assert service.jobs.claim(service.jobs.claimable()[0], "crashed") is not None
    add_results, commits = JobStore.add_results, []

    def counted(store: JobStore, job: str, runner: str, pictures: list[JobPicture]) -> bool:
        commits.append(len(pictures))
        return add_results(store, job, runner, pictures)

    monkeypatch.setattr(JobStore, "add_results", counted)
    ArchiveWorker(service.jobs, settings).step()
    # A batch of 4 may have been waiting for its commit, and 4 + 2 files in work.
    assert commits == [1] * 10 + [4, 4, 2]


def test_a_job_waits_for_a_store_that_is_away(
    client: TestClient, runner: ArchiveWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobConsumer, "beat_seconds", 0.01)
    job = started(client, packed(many(3)), model="bright")
    add_results = JobStore.add_results
    failures = iter([StoreUnavailable("full"), StoreUnavailable("locked")])

    def sometimes(store: JobStore, *args: Any) -> bool:
        for failure in failures:
            raise failure
        return add_results(store, *args)

    monkeypatch.setattr(JobStore, "add_results", sometimes)
    runner.step()
    assert state(client, job)["state"] == "finished"
    assert len(results(client, job)) == 3


def test_a_model_that_was_replaced_fails_the_job_with_its_name(tmp_path: Path) -> None:
    models = tmp_path / "models"
    card_for(brightness_model(models / "m.keras"))
    settings = settings_for(models, tmp_path / "state")
    prepare(models, settings.cache_dir)
    with ready_client(settings) as client:
        job = started(client, packed(many(2)))
        card_for(brightness_model(models / "m.keras", sign=-1))
        prepare(models, settings.cache_dir)
        service: Any = client.app.state.service  # type: ignore[attr-defined]
        ArchiveWorker(service.jobs, settings).step()
        ended = state(client, job)
        assert ended["state"] == "failed"
        assert "m was replaced" in ended["message"]
        assert results(client, job) == []


def bright_job(sha256: str) -> JobParameters:
    model = JobModel(name="bright", sha256=sha256, threshold=0.5, threshold_source="card")
    return JobParameters(models=[model])


@pytest.fixture
def registry(own_models: Settings) -> Registry:
    """A worker's registry that serves bright."""
    registry = Registry(own_models.models_dir, own_models.cache_dir, threads=1, memory=10**9)
    registry.refresh()
    registry.refresh()
    assert registry.slots["bright"].served is not None
    return registry


def test_a_job_waits_for_its_model_while_the_previous_one_of_its_name_answers(
    own_models: Settings, registry: Registry
) -> None:
    path = own_models.models_dir / "bright.keras"
    old = file_sha256(path)
    card_for(brightness_model(path, sign=-1))
    prepare(own_models.models_dir, own_models.cache_dir)
    tomorrow = time.time() + 24 * 3600
    os.utime(path, (tomorrow, tomorrow))  # a file this new may be growing
    registry.refresh()
    assert registry.ready()["bright"].sha256 == old
    job = bright_job(file_sha256(path))
    assert requests_of(job, registry) is None
    registry.refresh()
    requests = requests_of(job, registry)
    assert requests is not None
    assert [model.sha256 for model, _ in requests] == [file_sha256(path)]


def test_a_job_fails_if_its_model_will_not_be_served(
    own_models: Settings, registry: Registry
) -> None:
    path = own_models.models_dir / "bright.keras"
    brightness_model(path, sign=-1)  # its card is that of the previous file
    prepare(own_models.models_dir, own_models.cache_dir)
    registry.refresh()
    registry.refresh()
    assert "bright" in registry.ready()  # the previous file's model
    with pytest.raises(JobFailedError, match="bright was replaced"):
        requests_of(bright_job(file_sha256(path)), registry)


def test_a_store_that_is_down_is_said_so(settings: Settings) -> None:
    broken = settings.model_copy(update={"database_url": "sqlite:////proc/nowhere/store.sqlite3"})
    with ready_client(broken) as client:
        for answer in (
            start(client, packed({"a.png": WHITE})),
            client.get("/api/jobs"),
            client.get(f"/api/jobs/{'0' * 32}"),
        ):
            assert (answer.status_code, answer.json()["error"]) == (503, "store_unavailable")
        assert list(broken.jobs_dir.glob("*")) == []
