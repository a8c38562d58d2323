"""Heat maps over HTTP, with the worker in this process."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from heat_maps import (
    SPOT,
    accepted,
    explain,
    in_the_spot,
    opened,
    spotted,
    uploads,
    values,
    working,
)
from scenes import encoded, face, plant
from service_factories import picture, predict, ready_client, settings_on

from app.core.settings import Settings
from app.schemas.jobs import Job
from app.storage.jobs import JobStore


@pytest.fixture
def settings(spot_models: tuple[Path, Path], tmp_path: Path) -> Settings:
    return settings_on(*spot_models, tmp_path, explain_wait=60)


def test_a_quick_heat_map_lies_where_the_model_looks(
    client: TestClient, settings: Settings
) -> None:
    prediction = predict(client, SPOT, model="spots").json()
    with working(settings):
        answer = explain(client, SPOT, model="spots")
    assert answer.status_code == 200, answer.text
    heat_map = answer.json()
    assert (heat_map["method"], heat_map["unit"], heat_map["judged"]) == ("gradcam", "own", "whole")
    assert (heat_map["model"], heat_map["model_sha256"]) == ("spots", prediction["model_sha256"])
    assert heat_map["image"] == prediction["image"]
    assert heat_map["box"] == {"left": 0, "top": 0, "width": 1, "height": 1}
    assert heat_map["log_odds"] == pytest.approx(prediction["logit"], abs=1e-3)
    assert in_the_spot(heat_map)
    assert heat_map["map"]["most"] == pytest.approx(np.nanmax(values(heat_map)), rel=1e-4)


def test_overlays_show_both_classes_in_both_colour_maps(
    client: TestClient, settings: Settings
) -> None:
    with working(settings):
        answer = explain(client, SPOT, model="spots").json()
    overlays = {
        (overlay["towards"], overlay["colours"]): opened(overlay["png"])
        for overlay in answer["overlays"]
    }
    assert len(overlays) == 4
    size = (answer["map"]["width"], answer["map"]["height"])
    assert {(image.mode, image.size) for image in overlays.values()} == {("RGBA", size)}
    brightest, least = answer["legend"]["viridis"][-1], answer["legend"]["viridis"][0]
    at_spot = {
        key: np.asarray(image)[28, 20, :3].tobytes().hex() for key, image in overlays.items()
    }
    assert f"#{at_spot['Fake', 'viridis']}" == brightest
    # Nothing here is darker than the rest, so nothing speaks for Real.
    assert f"#{at_spot['Real', 'viridis']}" == least


def test_each_face_has_a_heat_map_of_its_own(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, face(50, 60, 40), face(0, 0, 30))
    prediction = predict(client, SPOT, model="faces").json()
    assert len(prediction["faces"]) == 2
    with working(settings):
        first = explain(client, SPOT, model="faces").json()
        second = explain(client, SPOT, model="faces", face=1).json()
        whole = explain(client, SPOT, model="faces", whole=True).json()
    assert [answer["face"] for answer in (first, second, whole)] == [0, 1, None]
    assert [answer["judged"] for answer in (first, second, whole)] == ["face", "face", "whole"]
    for answer, verdict in zip((first, second), prediction["faces"], strict=True):
        assert answer["log_odds"] == pytest.approx(verdict["logit"], abs=1e-3)
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
        answer = explain(client, SPOT, model="faces").json()
    assert (answer["judged"], answer["face"]) == ("whole", None)
    assert in_the_spot(answer)


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
        answer = explain(client, SPOT, model="flat")
        job = accepted(client, model="flat")
        final = until_ended(client, job)
    assert (answer.status_code, answer.json()["error"]) == (409, "explanation_failed")
    assert "occlusion" in answer.json()["message"]
    assert final["state"] == "finished"


def until_ended(client: TestClient, job: Any) -> Any:
    stream = client.get(f"/api/jobs/{job['id']}/events")  # which ends with the job
    assert "event: end" in stream.text
    return client.get(f"/api/jobs/{job['id']}").json()["job"]


def test_a_heat_map_given_at_once_is_not_kept(client: TestClient, settings: Settings) -> None:
    with working(settings):
        assert explain(client, SPOT, model="spots").status_code == 200
    assert uploads(settings) == []
    assert client.get("/api/jobs", params={"kind": "explain"}).json()["total"] == 0


def test_two_ask_at_once_and_each_gets_their_own(client: TestClient, settings: Settings) -> None:
    pictures = [spotted(top, left) for top in (8, 64) for left in (8, 56)]
    with working(settings), ThreadPoolExecutor(4) as people:
        answers = list(people.map(lambda data: explain(client, data, model="spots"), pictures))
    places = []
    for answer in answers:
        answer = values(answer.json())
        row, column = np.unravel_index(np.nanargmax(answer), answer.shape)
        places.append((row > answer.shape[0] / 2, column > answer.shape[1] / 2))
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


def test_a_request_that_waits_for_its_heat_map_reads_the_database_seldom(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, get = [], JobStore.get

    def counted(store: JobStore, job: str) -> Job | None:
        reads.append(job)
        return get(store, job)

    monkeypatch.setattr(JobStore, "get", counted)
    with ready_client(settings.model_copy(update={"explain_wait": 2.0})) as client:
        assert explain(client, SPOT, model="spots").status_code == 202  # no worker runs
    assert 2 <= len(reads) <= 10


def test_without_a_database_heat_maps_are_refused_and_predictions_work(
    settings: Settings,
) -> None:
    broken = settings.model_copy(update={"database_url": "sqlite:////proc/nowhere/store.sqlite3"})
    with ready_client(broken) as client:
        answer = explain(client, SPOT, model="spots")
        assert (answer.status_code, answer.json()["error"]) == (503, "store_unavailable")
        assert "/proc" not in answer.text
        assert predict(client, SPOT, model="spots").status_code == 200


def test_places_that_the_model_does_not_see_have_no_value(
    client: TestClient, settings: Settings
) -> None:
    wide = np.full((64, 192, 3), 128, np.uint8)
    with working(settings):
        answer = explain(client, encoded(wide), model="middle").json()
    visible = ~np.isnan(values(answer)[0])
    assert visible.mean() == pytest.approx(0.25, abs=0.02)
    assert not visible[:60].any()
    alpha = np.asarray(opened(answer["overlays"][0]["png"]))[0, :, 3]
    assert ((alpha == 255) == visible).all()
