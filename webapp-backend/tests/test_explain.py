"""Heat maps over HTTP, with the worker's lane in this process."""

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explained import explain, lane, opened, spot_model, spotted, values, working
from fastapi.testclient import TestClient
from helpers import (
    brightness_model,
    card_for,
    picture,
    predict,
    prepare,
    ready_client,
    settings_for,
)
from scenes import INPUT, encoded, face, plant
from test_ensembles import ensemble

from app.core.settings import Settings
from app.jobs import consumer as lane_module
from app.jobs.heat_map import quantised, scaled_down
from app.jobs.heat_map_worker import HeatMapWorker
from app.service import Service
from app.storage.jobs import Claim
from detection_model.card import InputSpec, MeanCombination
from detection_model.explain.explanation import SLOW

SPOT = spotted()


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Models that see spots: of whole pictures, of faces, and of the middle; and one without."""
    home = tmp_path_factory.mktemp("mounted")
    models = home / "models"
    card_for(spot_model(models / "spots.keras"))
    spots = models / "spots.keras"
    card_for(Path(shutil.copy(spots, models / "faces.keras")), input=INPUT)
    middle = InputSpec(height=64, width=48, resize="center-crop").model_dump()
    card_for(Path(shutil.copy(spots, models / "middle.keras")), input=middle)
    card_for(brightness_model(models / "flat.keras"))
    ensemble(models, "both", ["spots", "flat"], combination=MeanCombination())
    prepare(models, home / "cache")
    return models, home / "cache"


@pytest.fixture
def settings(mounted: tuple[Path, Path], tmp_path: Path) -> Settings:
    models, cache = mounted
    state = tmp_path / "state"
    state.mkdir()
    (state / "cache").symlink_to(cache)
    return settings_for(models, state, explain_wait=60)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with ready_client(settings) as client:
        yield client


@pytest.fixture
def worker(settings: Settings) -> Iterator[HeatMapWorker]:
    """It does jobs when told to step."""
    with lane(settings) as runner:
        yield runner


def accepted(client: TestClient, data: bytes = SPOT, **query: Any) -> Any:
    answer = explain(client, data, **{"model": "spots", "method": "occlusion", **query})
    assert answer.status_code == 202, answer.text
    job = answer.json()["job"]
    assert answer.headers["location"] == f"/api/explanations/{job['id']}"
    return job


def fetched(client: TestClient, job: Any) -> Any:
    return client.get(f"/api/explanations/{job['id']}")


def uploads(settings: Settings) -> list[Path]:
    return list(settings.jobs_dir.glob("*"))


def in_the_spot(answer: Any) -> bool:
    """What speaks most for Fake lies in the spot of `SPOT`."""
    found = values(answer)
    row, column = np.unravel_index(np.nanargmax(found), found.shape)
    top, left = row / answer["map"]["height"], column / answer["map"]["width"]
    return bool(16 / 128 <= top <= 40 / 128 and 8 / 96 <= left <= 32 / 96)


def test_a_quick_heat_map_lies_where_the_model_looks(
    client: TestClient, settings: Settings
) -> None:
    said = predict(client, SPOT, model="spots").json()
    with working(settings):
        answer = explain(client, SPOT, model="spots")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["method"], found["unit"], found["judged"]) == ("gradcam", "own", "whole")
    assert (found["model"], found["model_sha256"]) == ("spots", said["model_sha256"])
    assert found["image"] == said["image"]
    assert found["box"] == {"left": 0, "top": 0, "width": 1, "height": 1}
    assert found["log_odds"] == pytest.approx(said["logit"], abs=1e-3)
    assert in_the_spot(found)
    assert found["map"]["most"] == pytest.approx(np.nanmax(values(found)), rel=1e-4)


def test_overlays_show_both_classes_in_both_colour_maps(
    client: TestClient, settings: Settings
) -> None:
    with working(settings):
        found = explain(client, SPOT, model="spots").json()
    drawn = {(one["towards"], one["colours"]): opened(one["png"]) for one in found["overlays"]}
    assert len(drawn) == 4
    size = (found["map"]["width"], found["map"]["height"])
    assert {(image.mode, image.size) for image in drawn.values()} == {("RGBA", size)}
    brightest, least = found["legend"]["viridis"][-1], found["legend"]["viridis"][0]
    at_spot = {key: np.asarray(image)[28, 20, :3].tobytes().hex() for key, image in drawn.items()}
    assert f"#{at_spot['Fake', 'viridis']}" == brightest
    # Nothing here is darker than the rest, so nothing speaks for Real.
    assert f"#{at_spot['Real', 'viridis']}" == least


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
    waiting = fetched(client, job)
    assert (waiting.status_code, waiting.json()["job"]["id"]) == (202, job["id"])
    assert len(uploads(settings)) == 1
    worker.step()
    ended = client.get(f"/api/jobs/{job['id']}").json()["job"]
    assert ended["state"] == "finished"
    assert ended["done"] == ended["total"] > 1
    found = fetched(client, job).json()
    assert (found["method"], found["unit"]) == (method, "log_odds")
    assert in_the_spot(found)
    assert set(found["figures"]) == {"integrated-gradients": {"missing"}, "lime": {"fit"}}.get(
        method, set()
    )
    assert uploads(settings) == []


def test_each_face_has_a_heat_map_of_its_own(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, face(50, 60, 40), face(0, 0, 30))
    said = predict(client, SPOT, model="faces").json()
    assert len(said["faces"]) == 2
    with working(settings):
        first = explain(client, SPOT, model="faces").json()
        second = explain(client, SPOT, model="faces", face=1).json()
        whole = explain(client, SPOT, model="faces", whole=True).json()
    assert [found["face"] for found in (first, second, whole)] == [0, 1, None]
    assert [found["judged"] for found in (first, second, whole)] == ["face", "face", "whole"]
    for found, verdict in zip((first, second), said["faces"], strict=True):
        assert found["log_odds"] == pytest.approx(verdict["logit"], abs=1e-3)
    # The cut-out of 1.6 face widths, moved into the picture.
    assert second["box"] == {"left": 0, "top": 0, "width": 48 / 96, "height": 48 / 128}
    assert (second["map"]["width"], second["map"]["height"]) == (48, 48)
    assert second["image"]["faces"] == 2
    assert whole["box"]["width"] == 1


def test_a_picture_without_a_face_is_explained_as_it_is_judged(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with working(settings):
        found = explain(client, SPOT, model="faces").json()
    assert (found["judged"], found["face"]) == ("whole", None)
    assert in_the_spot(found)


@pytest.mark.parametrize(
    ("query", "status", "code", "words"),
    [
        ({"model": "faces", "face": 1}, 422, "unknown_face", "1 faces are classified"),
        ({"model": "spots", "face": 0}, 422, "unknown_face", "whole picture"),
        ({"model": "both"}, 422, "ensemble_not_explained", "spots"),
        ({"model": "nowhere"}, 404, "unknown_model", "spots"),
        ({"method": "magic"}, 422, "invalid_parameter", "method"),
        ({"face": -1}, 422, "invalid_parameter", "face"),
    ],
)
def test_what_cannot_be_explained_is_refused_at_once(
    client: TestClient,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    query: dict[str, Any],
    status: int,
    code: str,
    words: str,
) -> None:
    plant(monkeypatch, face(10, 10, 40))
    answer = explain(client, SPOT, **query)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert words in answer.json()["message"]
    assert uploads(settings) == []


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "empty_file"),
        (b"no picture", 415, "unsupported_format"),
        (SPOT[:-40], 422, "truncated_image"),
        (picture(9, (10, 10)), 422, "image_too_small"),
    ],
)
def test_a_bad_picture_is_refused_as_by_predict_and_leaves_nothing(
    client: TestClient, settings: Settings, data: bytes, status: int, code: str
) -> None:
    answer = explain(client, data, model="spots")
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.json() == predict(client, data, model="spots").json()
    assert uploads(settings) == []
    assert client.get("/api/jobs", params={"kind": "explain"}).json()["total"] == 0


def test_a_model_without_feature_maps_says_so_and_others_methods_explain_it(
    client: TestClient, settings: Settings
) -> None:
    with working(settings):
        refused = explain(client, SPOT, model="flat")
        job = accepted(client, model="flat")
        ended = until_ended(client, job)
    assert (refused.status_code, refused.json()["error"]) == (409, "explanation_failed")
    assert "occlusion" in refused.json()["message"]
    assert ended["state"] == "finished"


def until_ended(client: TestClient, job: Any) -> Any:
    stream = client.get(f"/api/jobs/{job['id']}/events")  # which ends with the job
    assert "event: end" in stream.text
    return client.get(f"/api/jobs/{job['id']}").json()["job"]


def test_a_heat_map_given_at_once_is_not_kept(client: TestClient, settings: Settings) -> None:
    with working(settings):
        assert explain(client, SPOT, model="spots").status_code == 200
    assert uploads(settings) == []
    assert client.get("/api/jobs", params={"kind": "explain"}).json()["total"] == 0


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
        listed = client.get("/api/jobs", params={"kind": "explain"}).json()["jobs"]
        # One ended one was kept when the last was accepted, which has ended since.
        assert {one["id"] for one in listed} == {jobs[1]["id"], jobs[2]["id"]}
        assert fetched(client, jobs[0]).status_code == 404
        results = client.get(f"/api/jobs/{jobs[2]['id']}/results")
        assert (results.status_code, results.json()["error"]) == (409, "no_archive")
        assert client.delete(f"/api/jobs/{jobs[2]['id']}").json()["outcome"] == "deleted"
        assert fetched(client, jobs[2]).json()["error"] == "unknown_job"


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
    progress = worker._store.progress

    def cancelled_half_way(*told: Any) -> bool:
        steps.append(told[2])
        if told[2] > 100:
            client.post(f"/api/jobs/{job['id']}/cancel")
        return progress(*told)

    monkeypatch.setattr(worker._store, "progress", cancelled_half_way)
    worker.step()
    assert 100 < steps[-1] < 200  # of 512
    assert fetched(client, job).json()["error"] == "explanation_cancelled"


def test_another_worker_takes_up_what_one_left(
    client: TestClient, worker: HeatMapWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_module, "_SILENT_SECONDS", 0.0)
    job = accepted(client)
    (seen,) = worker._store.claimable("explain")
    assert worker._store.claim(seen, "killed") is not None
    assert fetched(client, job).json()["job"]["state"] == "running"
    worker.step()
    assert in_the_spot(fetched(client, job).json())


def test_a_heat_map_that_ends_the_worker_each_time_is_given_up(
    client: TestClient, worker: HeatMapWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_module, "_SILENT_SECONDS", 0.0)
    job = accepted(client)
    for number in range(3):
        (seen,) = worker._store.claimable("explain")
        claim = worker._store.claim(seen, f"killed {number}")
        assert claim is not None
        # Some steps were done each time: that alone must not make it go on for ever.
        assert worker._store.progress(job["id"], f"killed {number}", 3, 9)
    worker.step()
    answer = fetched(client, job)
    assert (answer.status_code, answer.json()["error"]) == (409, "explanation_failed")
    assert "each time" in answer.json()["message"]


def test_a_model_that_was_replaced_meanwhile_is_not_explained(
    tmp_path: Path, mounted: tuple[Path, Path]
) -> None:
    models = tmp_path / "models"
    shutil.copytree(mounted[0], models)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "cache").symlink_to(mounted[1])
    settings = settings_for(models, tmp_path / "state")
    with ready_client(settings) as client, lane(settings) as worker:
        job = accepted(client)
        card_for(brightness_model(models / "spots.keras"))
        worker.step()
        answer = fetched(client, job)
        assert "replaced" in answer.json()["message"]
        # And the lane goes on.
        other = accepted(client, model="faces", whole=True)
        worker.step()
        assert fetched(client, other).status_code == 200


def test_two_ask_at_once_and_each_gets_their_own(client: TestClient, settings: Settings) -> None:
    pictures = [spotted(top, left) for top in (8, 64) for left in (8, 56)]
    with working(settings), ThreadPoolExecutor(4) as people:
        answers = list(people.map(lambda data: explain(client, data, model="spots"), pictures))
    places = []
    for answer in answers:
        found = values(answer.json())
        row, column = np.unravel_index(np.nanargmax(found), found.shape)
        places.append((row > found.shape[0] / 2, column > found.shape[1] / 2))
    assert places == [(False, False), (False, True), (True, False), (True, True)]


def test_without_a_worker_the_answer_is_a_job_and_too_many_are_refused(
    settings: Settings,
) -> None:
    impatient = settings.model_copy(update={"explain_wait": 0.1, "max_jobs": 1})
    with ready_client(impatient) as client:
        assert accepted(client, method="gradcam")["state"] == "waiting"
        answer = explain(client, SPOT, model="spots")
        assert (answer.status_code, answer.json()["error"]) == (503, "busy")
        assert answer.headers["retry-after"]
        assert len(uploads(settings)) == 1


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


def test_the_store_may_be_away(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service: Service = client.app.state.service  # type: ignore[attr-defined]
    (tmp_path / "file").touch()
    monkeypatch.setattr(service.database, "_url", f"sqlite:///{tmp_path}/file/no.sqlite3")
    service.database.close()
    answer = explain(client, SPOT, model="spots")
    assert (answer.status_code, answer.json()["error"]) == (503, "store_unavailable")
    assert str(tmp_path) not in answer.text
    assert predict(client, SPOT, model="spots").status_code == 200


def test_the_model_stays_in_memory_for_five_minutes(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lane(settings) as worker:
        found = [worker.warm]
        accepted(client)
        worker.step()
        found.append(worker.warm)
        (explainer,) = worker._explainers.values()
        accepted(client, method="integrated-gradients")
        worker.step()
        assert list(worker._explainers.values()) == [explainer]
        monkeypatch.setattr(time, "monotonic", lambda: worker._used + 301)
        assert [*found, worker.warm] == [False, True, False]


def test_places_that_the_model_does_not_see_have_no_value(
    client: TestClient, settings: Settings
) -> None:
    wide = np.full((64, 192, 3), 128, np.uint8)
    with working(settings):
        found = explain(client, encoded(wide), model="middle").json()
    seen = ~np.isnan(values(found)[0])
    assert seen.mean() == pytest.approx(0.25, abs=0.02)
    assert not seen[:60].any()
    alpha = np.asarray(opened(found["overlays"][0]["png"]))[0, :, 3]
    assert ((alpha == 255) == seen).all()


def test_a_large_map_is_averaged_and_keeps_its_extremes_in_sixteen_bits() -> None:
    attribution = np.zeros((448, 896), np.float32)
    attribution[:4, :4], attribution[4:8, :4], attribution[:, 448:] = 1.5, -0.25, np.nan
    found = scaled_down(attribution, 224)
    assert found.shape == (112, 224)
    assert (found[0, 0], found[1, 0], found[2, 0]) == (1.5, -0.25, 0)
    assert np.isnan(found[:, 112:]).all()
    assert not np.isnan(found[:, :112]).any()
    stored = quantised(found)
    assert (stored.most, stored.least) == (1.5, -0.25)
    read = values({"map": stored.model_dump()})
    assert np.allclose(read, found, atol=1.5 / 32767, equal_nan=True)


def test_a_map_of_nothing_is_all_zero() -> None:
    stored = quantised(np.zeros((3, 2), np.float32))
    assert (stored.step, stored.least, stored.most) == (1.0, 0.0, 0.0)
    assert not values({"map": stored.model_dump()}).any()
