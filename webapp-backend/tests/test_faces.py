"""Faces over HTTP: each has its verdict, and the most suspicious one leads."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from archives import packed
from fastapi.testclient import TestClient
from PIL import Image
from scenes import Bytes, classify, codes, encoded, face, landscape, plant, shaded
from service_factories import predict, settings_on, until

from app.core.settings import Settings
from app.jobs.archive_worker import ArchiveWorker
from detection_model.faces import Face

REAL_FACES = Path(__file__).parents[3] / "shared/data/Dataset/Validation/Real"
needs_faces = pytest.mark.skipif(not REAL_FACES.exists(), reason="needs the shared real faces")
# A dark face on the left, a bright one on the right.
PAIR = np.concatenate([shaded(60), shaded(200, seed=1)], axis=1)
LEFT, RIGHT = face(60, 60, 80), face(250, 50, 100)


@pytest.fixture
def settings(face_models: tuple[Path, Path], tmp_path: Path) -> Settings:
    return settings_on(*face_models, tmp_path)


@needs_faces
def test_a_real_face_saved_at_q20_has_a_clear_answer(client: TestClient) -> None:
    for file in sorted(REAL_FACES.iterdir())[:5]:
        pixels = np.asarray(Image.open(file).convert("RGB"))
        data = encoded(pixels, "JPEG", quality=20)
        answer = predict(client, data, model="faces", stability="never").json()
        assert (answer["image"]["faces"], len(answer["explained"])) == (1, 1)
        assert answer["verdict"] == answer["prediction"].lower()


@needs_faces
def test_two_real_faces_side_by_side_are_found_where_they_are(client: TestClient) -> None:
    files = sorted(REAL_FACES.iterdir())[:2]
    dark, bright = (np.asarray(Image.open(file).convert("RGB"), np.float64) for file in files)
    both = np.concatenate([dark * 0.3, 128 + bright / 2], axis=1).astype(np.uint8)
    answer = classify(client, both)
    assert answer["image"]["faces"] == 2
    left, right = sorted(answer["faces"], key=lambda face: face["box"]["left"])
    assert 0.05 < left["box"]["left"] < left["box"]["left"] + left["box"]["width"] < 0.5
    assert 0.5 < right["box"]["left"] < right["box"]["left"] + right["box"]["width"] < 0.95
    assert (left["prediction"], right["prediction"]) == ("Real", "Fake")
    assert answer["verdict"] == right["verdict"]


def test_a_planted_face_saved_at_q20_has_a_clear_answer(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, face(50, 50, 100))
    for brightness, expected in ((60, "real"), (200, "fake")):
        data = encoded(shaded(brightness), "JPEG", quality=20)
        answer = predict(client, data, model="faces", stability="always").json()
        assert (answer["verdict"], answer["stability"]["stable"]) == (expected, True)
        assert len(answer["explained"]) == 1


def test_of_two_faces_each_has_its_verdict_and_the_fake_one_decides(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, RIGHT, LEFT)
    answer = classify(client, PAIR)
    assert (answer["verdict"], answer["judged"], answer["image"]["faces"]) == ("fake", "face", 2)
    right, left = answer["faces"]
    assert (right["verdict"], left["verdict"]) == ("fake", "real")
    assert right["box"] == pytest.approx({"left": 0.625, "top": 0.25, "width": 0.25, "height": 0.5})
    assert left["box"] == pytest.approx({"left": 0.15, "top": 0.3, "width": 0.2, "height": 0.4})
    for name in ("prediction", "probability", "logit", "evidence", "confidence"):
        assert answer[name] == right[name]
    assert codes(answer) == ["above_threshold", "several_faces"]
    assert "2 faces were found" in answer["reasons"][-1]
    assert "number 1 by size" in answer["reasons"][-1]
    assert (left["evidence"], right["evidence"]) == ("weak", "very_strong")


def test_the_most_suspicious_face_is_one_that_the_model_was_made_for(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, LEFT, face(280, 60, 30))  # the bright one is tiny
    answer = classify(client, PAIR)
    assert [face["verdict"] for face in answer["faces"]] == ["real", "out_of_scope"]
    assert "tiny_face" in codes(answer["faces"][1])
    assert answer["verdict"] == "real"
    plant(monkeypatch, face(280, 60, 30))
    assert classify(client, PAIR)["verdict"] == "out_of_scope"


def test_of_a_crowd_all_are_counted_and_the_largest_judged(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, *[face(10 * number, 50, 100 - number) for number in range(20)])
    answer = classify(client, PAIR)
    assert (answer["image"]["faces"], len(answer["faces"])) == (20, 8)
    assert "the 8 largest were classified" in answer["reasons"][-1]


def test_a_face_beyond_the_edge_has_a_box_inside(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, face(-20, -40, 120))
    (result,) = classify(client, PAIR)["faces"]
    assert result["box"] == pytest.approx({"left": 0, "top": 0, "width": 0.25, "height": 0.4})


def test_the_whole_picture_is_judged_when_asked_and_that_is_said(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, RIGHT, LEFT)
    answer = classify(client, PAIR, whole=True)
    assert (answer["judged"], answer["image"]["faces"], answer["faces"]) == ("whole", None, [])
    assert codes(answer)[-1] == "whole_picture"
    assert answer["timing_ms"]["faces"] == 0


def test_a_model_for_whole_pictures_answers_as_before(client: TestClient) -> None:
    for query in ({}, {"whole": True}):
        answer = classify(client, np.full((60, 60, 3), 255, np.uint8), model="older", **query)
        assert (answer["verdict"], answer["judged"]) == ("fake", "whole")
        assert (answer["image"]["faces"], answer["conformal"]) == (None, None)
        assert codes(answer) == ["above_threshold"]


def test_several_models_share_one_search_for_faces(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches: list[Bytes] = []

    def search(pixels: Bytes) -> list[Face]:
        searches.append(pixels)
        return [RIGHT]

    monkeypatch.setattr("detection_model.inference.crops.find_faces", search)
    results = classify(client, PAIR, models="faces,lopsided,older")["results"]
    assert len(searches) == 1
    assert [result["judged"] for result in results] == ["face", "face", "whole"]
    assert [result["image"]["faces"] for result in results] == [1, 1, None]
    classify(client, PAIR, model="older")
    assert len(searches) == 1


def test_the_history_keeps_how_many_faces_were_found(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, RIGHT, LEFT)
    classify(client, PAIR)
    classify(client, PAIR, model="older")
    classify(client, landscape(), model="lopsided")
    until(lambda: client.get("/api/history").json()["total"] == 3)
    entries = client.get("/api/history").json()["entries"]
    assert sorted(str(entry["image"]["faces"]) for entry in entries) == ["2", "2", "None"]


def test_a_job_stores_verdicts_and_faces_as_judged(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, RIGHT, LEFT)
    answer = client.post(
        "/api/jobs",
        files={"archive": ("a.zip", packed({"pair.png": encoded(PAIR)}))},
        params={"models": "faces,older"},
    )
    assert answer.status_code == 202, answer.text
    job = answer.json()["job"]
    assert (job["parameters"]["stability"], job["parameters"]["whole"]) == ("never", False)
    runner = ArchiveWorker(client.app.state.service.jobs, settings)  # type: ignore[attr-defined]
    runner.step()
    rows = list(
        csv.DictReader(io.StringIO(client.get(f"/api/jobs/{job['id']}/results?format=csv").text))
    )
    assert [(row["model"], row["verdict"], row["faces"]) for row in rows] == [
        ("faces", "fake", "2"),
        ("older", rows[1]["verdict"], "2"),
    ]
