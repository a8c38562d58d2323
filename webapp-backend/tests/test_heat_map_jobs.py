"""Heat maps as jobs: progress, cancellation, and workers that crash."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from heat_maps import (
    SPOT,
    accepted,
    explain,
    fetched,
    heat_map_worker,
    in_the_spot,
    uploads,
)
from service_factories import brightness_model, card_for, ready_client, settings_on, until

from app.core.settings import Settings
from app.inference.model_folder import ModelPath
from app.jobs.consumer import JobConsumer
from app.jobs.heat_map_worker import HeatMapWorker
from app.service import Service
from app.storage.database import StoreUnavailable
from app.storage.jobs import Claim, JobStore
from app.worker.conversion import ModelConverter
from detection_model.explain.explanation import SLOW, Explainer


@pytest.fixture
def settings(spot_models: tuple[Path, Path], tmp_path: Path) -> Settings:
    return settings_on(*spot_models, tmp_path, explain_wait=60)


@pytest.fixture
def worker(settings: Settings) -> Iterator[HeatMapWorker]:
    with heat_map_worker(settings) as worker:
        yield worker


@pytest.fixture
def store(service: Service) -> JobStore:
    return service.jobs


@pytest.mark.parametrize("method", SLOW)
def test_slow_methods_are_jobs_with_progress(
    client: TestClient, worker: HeatMapWorker, settings: Settings, method: str
) -> None:
    job = accepted(client, method=method)
    assert (job["kind"], job["state"], job["file"]) == ("explain", "waiting", "x.png")
    assert job["parameters"]["explain"] == {
        "method": method,
        "face": None,
        "box": None,
        "turns": 0,
        "face_count": None,
    }
    response = fetched(client, job)
    assert (response.status_code, response.json()["job"]["id"]) == (202, job["id"])
    assert len(uploads(settings)) == 1
    worker.step()
    job_state = client.get(f"/api/jobs/{job['id']}").json()["job"]
    assert job_state["state"] == "finished"
    assert job_state["done"] == job_state["total"] > 1
    answer = fetched(client, job).json()
    assert (answer["method"], answer["unit"]) == (method, "log_odds")
    assert in_the_spot(answer)
    assert set(answer["figures"]) == {"integrated-gradients": {"missing"}, "lime": {"fit"}}.get(
        method, set()
    )
    assert uploads(settings) == []


def test_slow_heat_maps_are_kept_apart_from_archives_and_only_the_newest(
    settings: Settings, worker: HeatMapWorker
) -> None:
    few = settings.model_copy(update={"keep_explanations": 1})
    with ready_client(few) as client:
        jobs = []
        for _ in range(3):
            jobs.append(accepted(client))
            worker.step()
        assert client.get("/api/jobs").json()["total"] == 0
        heat_maps = client.get("/api/jobs", params={"kind": "explain"}).json()["jobs"]
        # One ended one was kept when the last was accepted, which has ended since.
        assert {job["id"] for job in heat_maps} == {jobs[1]["id"], jobs[2]["id"]}
        assert fetched(client, jobs[0]).status_code == 404
        results = client.get(f"/api/jobs/{jobs[2]['id']}/results")
        assert (results.status_code, results.json()["error"]) == (409, "no_archive")
        assert client.delete(f"/api/jobs/{jobs[2]['id']}").json()["outcome"] == "deleted"
        assert fetched(client, jobs[2]).json()["error"] == "unknown_job"


def test_a_heat_map_is_accepted_even_if_older_ones_cannot_be_deleted_now(
    client: TestClient, worker: HeatMapWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> int:
        raise StoreUnavailable

    monkeypatch.setattr(JobStore, "delete_oldest", unavailable)
    job = accepted(client)
    worker.step()
    assert fetched(client, job).status_code == 200


def test_a_picture_that_comes_while_another_is_in_work_is_not_lost(
    client: TestClient, worker: HeatMapWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, work = [accepted(client)], worker.work

    def interrupted(claim: Claim) -> None:
        jobs.append(accepted(client))
        work(claim)

    monkeypatch.setattr(worker, "work", interrupted)
    worker.step()
    monkeypatch.setattr(worker, "work", work)
    worker.step()
    assert [fetched(client, job).status_code for job in jobs] == [200, 200]


def test_a_heat_map_that_waits_can_be_cancelled(
    client: TestClient, settings: Settings, worker: HeatMapWorker
) -> None:
    job = accepted(client)
    assert client.delete(f"/api/jobs/{job['id']}").json()["outcome"] == "cancelled"
    assert uploads(settings) == []
    worker.step()
    answer = fetched(client, job)
    assert (answer.status_code, answer.json()["error"]) == (409, "explanation_cancelled")


def test_a_heat_map_in_work_ends_soon_after_it_is_cancelled(
    client: TestClient, worker: HeatMapWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, steps = accepted(client, method="lime"), []
    progress = JobStore.progress

    def cancelled_half_way(store: JobStore, job_id: str, name: str, done: int, total: int) -> bool:
        steps.append(done)
        if done > 100:
            client.post(f"/api/jobs/{job_id}/cancel")
        return progress(store, job_id, name, done, total)

    monkeypatch.setattr(JobStore, "progress", cancelled_half_way)
    worker.step()
    assert 100 < steps[-1] < 200  # of 512
    assert fetched(client, job).json()["error"] == "explanation_cancelled"


def test_another_worker_takes_up_what_one_left(
    client: TestClient, store: JobStore, worker: HeatMapWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobConsumer, "silent_seconds", 0.0)
    job = accepted(client)
    (waiting,) = store.claimable("explain")
    assert store.claim(waiting, "killed") is not None
    assert fetched(client, job).json()["job"]["state"] == "running"
    worker.step()
    assert in_the_spot(fetched(client, job).json())


def test_a_heat_map_that_ends_the_worker_each_time_is_given_up(
    client: TestClient, store: JobStore, worker: HeatMapWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobConsumer, "silent_seconds", 0.0)
    job = accepted(client)
    for number in range(3):
        (waiting,) = store.claimable("explain")
        claim = store.claim(waiting, f"killed {number}")
        assert claim is not None
        # Some steps were done each time: that alone must not make it go on for ever.
        assert store.progress(job["id"], f"killed {number}", 3, 9)
    worker.step()
    answer = fetched(client, job)
    assert (answer.status_code, answer.json()["error"]) == (409, "explanation_failed")
    assert "each attempt" in answer.json()["message"]


def test_a_model_that_was_replaced_meanwhile_is_not_explained(
    tmp_path: Path, spot_models: tuple[Path, Path]
) -> None:
    models = tmp_path / "models"
    shutil.copytree(spot_models[0], models)
    settings = settings_on(models, spot_models[1], tmp_path)
    with ready_client(settings) as client, heat_map_worker(settings) as worker:
        job = accepted(client)
        card_for(brightness_model(models / "spots.keras"))
        worker.step()
        answer = fetched(client, job)
        assert "replaced" in answer.json()["message"]
        # The worker goes on.
        other = accepted(client, model="faces", whole=True)
        worker.step()
        assert fetched(client, other).status_code == 200


def test_a_full_disk_is_told_and_the_next_request_works(
    client: TestClient, settings: Settings, worker: HeatMapWorker
) -> None:
    settings.jobs_dir.write_bytes(b"no folder")
    answer = explain(client, SPOT, model="spots", method="occlusion")
    assert (answer.status_code, answer.json()["error"]) == (503, "storage_full")
    assert str(settings.state_dir) not in answer.text
    settings.jobs_dir.unlink()
    job = accepted(client)
    worker.step()
    assert fetched(client, job).status_code == 200


def test_the_default_model_is_in_memory_before_the_first_heat_map(
    client: TestClient, worker: HeatMapWorker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    converter = ModelConverter(settings.models_dir, settings.cache_dir)
    until(lambda: converter.default_model() is not None)
    file = converter.default_model()
    assert file is not None
    worker.prepare(file)
    assert worker.warm
    worker.step()
    assert worker.warm

    def no_load(path: Path) -> Explainer:
        raise AssertionError(f"{path.name} was loaded again")

    monkeypatch.setattr(Explainer, "load", no_load)
    job = accepted(client)
    worker.step()
    assert fetched(client, job).status_code == 200


def test_a_model_that_cannot_be_loaded_delays_no_heat_map(
    client: TestClient, worker: HeatMapWorker, tmp_path: Path
) -> None:
    worker.prepare(ModelPath(tmp_path / "gone.keras", (), still=True))
    job = accepted(client)
    worker.step()
    assert fetched(client, job).status_code == 200


def test_the_model_stays_in_memory_for_five_minutes(
    client: TestClient, worker: HeatMapWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads, load, now = [], Explainer.load, time.monotonic

    def counted(path: Path) -> Explainer:
        loads.append(path.name)
        return load(path)

    monkeypatch.setattr(Explainer, "load", counted)
    assert not worker.warm
    for method in ("occlusion", "integrated-gradients"):
        accepted(client, method=method)
        worker.step()
        assert worker.warm
    assert loads == ["spots.keras"]
    monkeypatch.setattr(time, "monotonic", lambda: now() + 301)
    assert not worker.warm
