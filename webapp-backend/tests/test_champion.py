"""The published champion answers by default, and says what it does not know."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from scenes import cartoon, encoded, landscape
from service_factories import predict, prepare, ready_client, settings_for

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "detection-model" / "models"
TEST = ROOT.parent / "shared" / "data" / "Dataset" / "Test"
needs_faces = pytest.mark.skipif(not TEST.is_dir(), reason="needs the real faces of ../shared/data")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home = tmp_path_factory.mktemp("champion")
    models = home / "models"
    models.mkdir()
    for file in [*PUBLISHED.glob("v1.*"), *PUBLISHED.glob("v4.*"), *PUBLISHED.glob("v5.*")]:
        (models / file.name).symlink_to(file)
    prepare(models, home / "state" / "cache")
    with ready_client(settings_for(models, home / "state")) as client:
        yield client


def answer(client: TestClient, data: bytes, **query: Any) -> Any:
    response = predict(client, data, **query)
    assert response.status_code == 200, response.text
    return response.json()


def faces(label: str, count: int) -> list[Path]:
    return sorted((TEST / label).glob("*.jpg"))[:count]


def test_it_is_the_one_that_people_meet(client: TestClient) -> None:
    result = answer(client, encoded(landscape()))
    assert result["model"] == "v5"
    assert result["verdict"] == "out_of_scope"
    assert "no_face" in [reason["code"] for reason in result["explained"]]


def test_a_cartoon_is_said_to_be_drawn_rather_than_scored(client: TestClient) -> None:
    result = answer(client, encoded(cartoon()))
    assert result["verdict"] == "out_of_scope"
    assert {"drawing", "no_face"} & {reason["code"] for reason in result["explained"]}


@needs_faces
def test_fakes_look_more_like_fakes_than_reals_do(client: TestClient) -> None:
    mean = {
        label: np.mean([answer(client, path.read_bytes())["logit"] for path in faces(label, 12)])
        for label in ("Real", "Fake")
    }
    assert mean["Fake"] > mean["Real"] + 0.5


@needs_faces
def test_a_face_saved_at_quality_20_gets_a_verdict_or_a_reason(client: TestClient) -> None:
    pixels = Image.open(faces("Real", 1)[0])
    low = io.BytesIO()
    pixels.save(low, "JPEG", quality=20)
    result = answer(client, low.getvalue(), stability="always")
    assert result["image"]["faces"] == 1
    assert [change["change"] for change in result["stability"]["changes"]] == [
        "jpeg_60",
        "half_size",
        "shift",
        "flip",
    ]
    assert result["explained"]


@needs_faces
def test_of_two_faces_each_has_its_own_verdict(client: TestClient) -> None:
    real, fake = (np.asarray(Image.open(faces(label, 1)[0])) for label in ("Real", "Fake"))
    both = np.full((300, 700, 3), 200, np.uint8)
    both[20:276, 20:276], both[20:276, 420:676] = real, fake
    result = answer(client, encoded(both))
    assert result["image"]["faces"] == 2
    sides = ["left" if face["box"]["left"] < 0.5 else "right" for face in result["faces"]]
    assert sorted(sides) == ["left", "right"]
    alone = {
        side: answer(client, path.read_bytes())["logit"]
        for side, path in (("left", faces("Real", 1)[0]), ("right", faces("Fake", 1)[0]))
    }
    for side, face in zip(sides, result["faces"], strict=True):
        assert face["logit"] == pytest.approx(alone[side], abs=2.5)
    assert result["logit"] == max(face["logit"] for face in result["faces"])
