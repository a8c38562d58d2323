"""Knowing when it does not know: faces, doubts and what is out of scope, over HTTP."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from helpers import predict as ask
from helpers import prepare, ready_client, settings_for, until
from scenes import Bytes, cartoon, encoded, face, landscape, plant, shaded, write_models

from app.core.settings import Settings
from app.jobs.archive_worker import ArchiveWorker
from detection_model.card import Conformal, Steadiness
from detection_model.faces import Face

REAL_FACES = Path(__file__).parents[3] / "shared/data/Dataset/Validation/Real"
needs_faces = pytest.mark.skipif(not REAL_FACES.exists(), reason="needs the shared real faces")
# A dark face on the left, a bright one on the right.
PAIR = np.concatenate([shaded(60), shaded(200, seed=1)], axis=1)
LEFT, RIGHT = face(60, 60, 80), face(250, 50, 100)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("knowing")
    write_models(home / "models")
    prepare(home / "models", home / "state" / "cache")
    return home


@pytest.fixture
def settings(home: Path, tmp_path: Path) -> Settings:
    state = tmp_path / "state"
    state.mkdir()
    (state / "cache").symlink_to(home / "state" / "cache")
    return settings_for(home / "models", state)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with ready_client(settings) as client:
        yield client


def predict(client: TestClient, pixels: Bytes, **query: Any) -> Any:
    asked = {"model": "faces", **query}
    if "models" in query:
        del asked["model"]
    response = ask(client, encoded(pixels), **asked)
    assert response.status_code == 200, response.text
    return response.json()


def codes(answer: Any) -> list[str]:
    assert answer.get("reasons", [one["message"] for one in answer["explained"]]) == [
        one["message"] for one in answer["explained"]
    ]
    return [one["code"] for one in answer["explained"]]


def change_card(client: TestClient, model: str, **changes: Any) -> None:
    served = client.app.state.service.registry.slots[model].served  # type: ignore[attr-defined]
    object.__setattr__(served, "card", served.card.model_copy(update=changes))


def test_a_landscape_is_out_of_scope_as_no_face_is_found(client: TestClient) -> None:
    answer = predict(client, landscape())
    assert (answer["verdict"], answer["judged"], answer["image"]["faces"]) == (
        "out_of_scope",
        "whole",
        0,
    )
    assert "no_face" in codes(answer)
    assert answer["faces"] == []
    assert answer["prediction"] in ("Real", "Fake")
    assert answer["timing_ms"]["faces"] > 0


def test_a_cartoon_is_out_of_scope_as_it_is_drawn(client: TestClient) -> None:
    answer = predict(client, cartoon())
    assert (answer["verdict"], answer["image"]["faces"]) == ("out_of_scope", 1)
    assert codes(answer)[1:] == ["drawing"]
    (found,) = answer["faces"]
    assert found["verdict"] == "out_of_scope"
    # Drawn from 0.28 to 0.72 of the width.
    box = found["box"]
    assert 0.2 < box["left"] < 0.45 < box["left"] + box["width"] < 0.8


@needs_faces
def test_a_real_face_saved_at_q20_has_a_clear_answer(client: TestClient) -> None:
    from PIL import Image

    for file in sorted(REAL_FACES.iterdir())[:5]:
        pixels = np.asarray(Image.open(file).convert("RGB"))
        data = encoded(pixels, "JPEG", quality=20)
        answer = ask(client, data, model="faces", stability="never").json()
        assert (answer["image"]["faces"], len(answer["explained"])) == (1, 1)
        assert answer["verdict"] == answer["prediction"].lower()


@needs_faces
def test_two_real_faces_side_by_side_are_found_where_they_are(client: TestClient) -> None:
    from PIL import Image

    files = sorted(REAL_FACES.iterdir())[:2]
    dark, bright = (np.asarray(Image.open(file).convert("RGB"), np.float64) for file in files)
    both = np.concatenate([dark * 0.3, 128 + bright / 2], axis=1).astype(np.uint8)
    answer = predict(client, both)
    assert answer["image"]["faces"] == 2
    left, right = sorted(answer["faces"], key=lambda one: one["box"]["left"])
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
        answer = ask(client, data, model="faces", stability="always").json()
        assert (answer["verdict"], answer["stability"]["stable"]) == (expected, True)
        assert len(answer["explained"]) == 1


def test_of_two_faces_each_has_its_verdict_and_the_fake_one_decides(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, RIGHT, LEFT)
    answer = predict(client, PAIR)
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
    answer = predict(client, PAIR)
    assert [one["verdict"] for one in answer["faces"]] == ["real", "out_of_scope"]
    assert "tiny_face" in codes(answer["faces"][1])
    assert answer["verdict"] == "real"
    plant(monkeypatch, face(280, 60, 30))
    assert predict(client, PAIR)["verdict"] == "out_of_scope"


def test_of_a_crowd_all_are_counted_and_the_largest_judged(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, *[face(10 * number, 50, 100 - number) for number in range(20)])
    answer = predict(client, PAIR)
    assert (answer["image"]["faces"], len(answer["faces"])) == (20, 8)
    assert "the 8 largest were classified" in answer["reasons"][-1]


def test_a_face_beyond_the_edge_has_a_box_inside(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, face(-20, -40, 120))
    (found,) = predict(client, PAIR)["faces"]
    assert found["box"] == pytest.approx({"left": 0, "top": 0, "width": 0.25, "height": 0.4})


def test_the_whole_picture_is_judged_when_asked_and_that_is_said(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, RIGHT, LEFT)
    answer = predict(client, PAIR, whole=True)
    assert (answer["judged"], answer["image"]["faces"], answer["faces"]) == ("whole", None, [])
    assert codes(answer)[-1] == "whole_picture"
    assert answer["timing_ms"]["faces"] == 0


def test_a_model_for_whole_pictures_answers_as_before(client: TestClient) -> None:
    for query in ({}, {"whole": True}):
        answer = predict(client, np.full((60, 60, 3), 255, np.uint8), model="older", **query)
        assert (answer["verdict"], answer["judged"]) == ("fake", "whole")
        assert (answer["image"]["faces"], answer["conformal"]) == (None, None)
        assert codes(answer) == ["above_threshold"]


def test_an_empty_wall_is_featureless(client: TestClient) -> None:
    answer = predict(client, np.full((90, 90, 3), 250, np.uint8))
    assert answer["verdict"] == "out_of_scope"
    assert codes(answer)[1:] == ["no_face", "featureless"]


def lopsided(strength: float) -> Bytes:
    """A face that is brighter on its left."""
    light = np.linspace(1 + strength, 1 - strength, 200)[None, :, None]
    return (np.full((200, 200, 3), 120.0) * light).astype(np.uint8)


def test_a_verdict_that_a_mirror_turns_is_uncertain_and_says_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, face(50, 50, 100))
    answer = predict(client, lopsided(0.2), model="lopsided")
    assert (answer["prediction"], answer["verdict"]) == ("Fake", "uncertain")
    assert codes(answer) == ["above_threshold", "unstable"]
    assert answer["reasons"][1].endswith("it flips when the picture is mirrored")
    tried = answer["stability"]
    assert tried["stable"] is False
    assert {one["change"]: one["prediction"] for one in tried["changes"]} == {
        "jpeg_60": "Fake",
        "half_size": "Fake",
        "shift": "Fake",
        "flip": "Real",
    }
    assert answer["faces"][0]["stability"] == tried


def test_stability_is_tried_where_it_is_close_or_where_asked(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, face(50, 50, 100))
    clear, close = shaded(220), shaded(130)
    assert predict(client, clear)["stability"] is None
    assert predict(client, clear, stability="always")["stability"]["stable"] is True
    assert predict(client, close)["stability"] is not None
    assert predict(client, close, stability="never")["stability"] is None
    change_card(client, "faces", steadiness=Steadiness(reach=9, share=1, data="D", pictures=1))
    assert predict(client, clear)["stability"] is not None
    change_card(client, "faces", steadiness=Steadiness(reach=0, share=1, data="D", pictures=1))
    assert predict(client, close)["stability"] is None
    both = {"models": "faces,older"}
    compared = predict(client, close, **both)["results"]
    assert [one["stability"] for one in compared] == [None, None]
    asked = predict(client, close, **both, stability="always")["results"]
    assert all(one["stability"] for one in asked)


@pytest.mark.parametrize(
    ("real", "fake", "code", "classes"),
    [
        (0.9, 0.9, "conformal_both", ["Real", "Fake"]),
        (0.1, 0.1, "conformal_none", []),
        (0.9, 0.1, "conformal_other", ["Real"]),
    ],
)
def test_a_set_that_is_not_the_predicted_class_alone_is_uncertain(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    real: float,
    fake: float,
    code: str,
    classes: list[str],
) -> None:
    plant(monkeypatch, face(50, 50, 100))
    limits = Conformal(coverage=0.9, real=real, fake=fake, data="D", pictures=100)
    change_card(client, "faces", conformal=limits)
    answer = predict(client, shaded(135), stability="never")
    assert (answer["prediction"], answer["verdict"]) == ("Fake", "uncertain")
    assert codes(answer) == ["above_threshold", code]
    assert answer["conformal"] == {"coverage": 0.9, "classes": classes}
    # They hold for calibrated answers on faces alone.
    for query in ({"calibrate": False}, {"whole": True}):
        assert predict(client, shaded(135), **query)["conformal"] is None


def test_one_predicted_class_alone_is_a_verdict(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, face(50, 50, 100))
    limits = Conformal(coverage=0.9, real=0.3, fake=0.3, data="D", pictures=100)
    change_card(client, "faces", conformal=limits)
    answer = predict(client, shaded(220))
    assert (answer["verdict"], answer["conformal"]["classes"]) == ("fake", ["Fake"])


def test_several_models_share_one_search_for_faces(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches: list[Bytes] = []

    def search(pixels: Bytes) -> list[Face]:
        searches.append(pixels)
        return [RIGHT]

    monkeypatch.setattr("detection_model.inference.crops.find_faces", search)
    results = predict(client, PAIR, models="faces,lopsided,older")["results"]
    assert len(searches) == 1
    assert [one["judged"] for one in results] == ["face", "face", "whole"]
    assert [one["image"]["faces"] for one in results] == [1, 1, None]
    predict(client, PAIR, model="older")
    assert len(searches) == 1


def test_the_history_keeps_how_many_faces_were_found(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, RIGHT, LEFT)
    predict(client, PAIR)
    predict(client, PAIR, model="older")
    predict(client, landscape(), model="lopsided")
    until(lambda: client.get("/api/history").json()["total"] == 3)
    entries = client.get("/api/history").json()["entries"]
    assert sorted(str(one["image"]["faces"]) for one in entries) == ["2", "2", "None"]


def test_a_job_stores_verdicts_and_faces_as_judged(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zipfile

    plant(monkeypatch, RIGHT, LEFT)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("pair.png", encoded(PAIR))
    started = client.post(
        "/api/jobs",
        files={"archive": ("a.zip", buffer.getvalue())},
        params={"models": "faces,older"},
    )
    assert started.status_code == 202, started.text
    job = started.json()["job"]
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
