"""Forensic views over HTTP: one a request, with their numbers and their limits."""

import base64
import io
from typing import Any, get_args

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from scenes import encoded, shaded
from service_factories import picture, predict

from app.api import forensics
from detection_model.forensics.common import TEXTS, ViewId
from detection_model.forensics.spectrum import Averages, ClassAverage, ClassSpectra

VIEWS = get_args(ViewId)


def ask(client: TestClient, data: bytes, view: str) -> Any:
    return client.post("/api/forensics", files={"image": ("x.jpg", data)}, params={"view": view})


def answer_and_pictures(
    client: TestClient, data: bytes, view: str
) -> tuple[Any, dict[str, Image.Image]]:
    """The answer, and its pictures by name."""
    response = ask(client, data, view)
    assert response.status_code == 200, response.text
    answer = response.json()
    pictures: dict[str, Image.Image] = {}
    for entry in answer["images"]:
        image = Image.open(io.BytesIO(base64.b64decode(entry["data"])))
        assert (Image.MIME[image.format or ""], image.size) == (
            entry["media_type"],
            (entry["width"], entry["height"]),
        )
        pictures[entry["name"]] = image
    return answer, pictures


def test_all_views_are_listed_with_what_they_do_not_prove(client: TestClient) -> None:
    views = client.get("/api/forensics").json()["views"]
    assert [view["id"] for view in views] == list(VIEWS)
    assert all(view["limits"].endswith(".") for view in views)


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_comes_with_its_texts_and_pictures(client: TestClient, view: ViewId) -> None:
    data = encoded(shaded(120), "JPEG", quality=80)
    answer, pictures = answer_and_pictures(client, data, view)
    assert (answer["view"], answer["shows"]) == (view, TEXTS[view].shows)
    assert answer["image"] == predict(client, data).json()["image"]
    assert pictures


def test_error_levels_show_the_part_that_was_pasted(client: TestClient) -> None:
    rng = np.random.default_rng(0)
    pixels = shaded(120)
    pixels[64:128, 64:128] = rng.integers(0, 256, (64, 64, 3))
    _, pictures = answer_and_pictures(client, encoded(pixels), "error_level")
    errors = np.asarray(pictures["errors"].convert("L"), np.float64)
    assert errors[64:128, 64:128].mean() > 5 * errors[:, :48].mean()


def test_jpeg_tables_tell_the_quality_and_other_formats_have_none(client: TestClient) -> None:
    answer, pictures = answer_and_pictures(client, encoded(shaded(120), "JPEG", quality=83), "jpeg")
    assert (answer["numbers"]["quality"], answer["numbers"]["libjpeg"]) == (83, True)
    assert len(answer["numbers"]["tables"][0]) == 8
    assert list(pictures) == ["tables"]
    answer, pictures = answer_and_pictures(client, encoded(shaded(120)), "jpeg")
    assert (answer["numbers"]["quality"], pictures) == (None, {})


def test_numbers_are_those_of_the_view(client: TestClient) -> None:
    bright, _ = answer_and_pictures(client, picture(255), "colours")
    assert (bright["numbers"]["brightest"], bright["numbers"]["darkest"]) == (1, 0)
    twice = encoded(shaded(120, 512, 512), "JPEG", quality=60)
    again = io.BytesIO()
    Image.open(io.BytesIO(twice)).save(again, "JPEG", quality=90)
    hinted, _ = answer_and_pictures(client, again.getvalue(), "double_compression")
    once, _ = answer_and_pictures(
        client, encoded(shaded(120, 512, 512), "JPEG", quality=90), "double_compression"
    )
    assert (hinted["numbers"]["hint"], once["numbers"]["hint"]) == (True, False)


def test_the_averages_of_the_training_data_stand_beside_the_spectrum(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    average = ClassAverage(pictures=7, radial=[3.0, 2.0, 1.0])
    record = Averages(
        data="Faces",
        fingerprint="0",
        side=256,
        low=0,
        high=9,
        classes={"Real": average, "Fake": average},
    )
    grey = np.full((256, 256), 90, np.uint8)
    spectra = ClassSpectra(record, {"Real": grey, "Fake": grey + 1})
    monkeypatch.setattr(forensics, "published_averages", lambda: spectra)
    answer, pictures = answer_and_pictures(client, encoded(shaded(120)), "spectrum")
    assert list(pictures) == ["own", "whole", "Real", "Fake"]
    assert pictures["Fake"].getpixel((0, 0)) == 91
    assert answer["numbers"]["pictures"] == {"Real": 7, "Fake": 7}
    assert answer["numbers"]["class_radial"]["Real"] == [3.0, 2.0, 1.0]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("data", [b"", b"no picture", picture()[:-30], picture(9, (10, 10))])
def test_a_bad_picture_is_refused_as_by_predict(
    client: TestClient, view: ViewId, data: bytes
) -> None:
    answer = ask(client, data, view)
    refused = predict(client, data)
    assert (answer.status_code, answer.json()) == (refused.status_code, refused.json())
    assert ask(client, picture(), view).status_code == 200


@pytest.mark.parametrize("query", [{}, {"view": "magic"}])
def test_a_view_must_be_named(client: TestClient, query: dict[str, str]) -> None:
    answer = client.post("/api/forensics", files={"image": picture()}, params=query)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_parameter")


def test_a_large_picture_comes_back_at_a_size_that_a_page_shows(client: TestClient) -> None:
    wide = encoded(shaded(120, 900, 2400), "JPEG", quality=90)
    for view in ("error_level", "noise"):
        answer, _ = answer_and_pictures(client, wide, view)
        assert answer["images"][0]["width"] == 1600
        assert answer["image"]["width"] == 2400


def test_it_is_counted_and_timed(client: TestClient) -> None:
    answer_and_pictures(client, picture(), "noise")
    text = client.get("/metrics").text
    requests = 'deepfake_requests_total{method="POST",route="/api/forensics",status="200"} 1.0'
    assert requests in text
    assert 'deepfake_stage_seconds_count{model="",stage="noise"} 1.0' in text
