"""Uploads are judged, with notes on the file, or refused with the kind of the file."""

import io

import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageDraw
from service_factories import predict


def encoded(format_: str, **options: object) -> bytes:
    image = Image.new("RGB", (90, 120), (200, 150, 120))
    ImageDraw.Draw(image).ellipse((20, 20, 70, 100), (60, 90, 160))
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("format_", "name"), [("HEIF", "HEIC"), ("AVIF", "AVIF")])
def test_photos_of_phones_are_judged(client: TestClient, format_: str, name: str) -> None:
    image = predict(client, encoded(format_)).json()["image"]
    assert (image["format"], image["width"], image["height"]) == (name, 90, 120)
    assert image["notes"] == []


def test_notes_say_what_is_special_about_a_file(client: TestClient) -> None:
    pages = encoded("TIFF", save_all=True, append_images=[Image.new("RGB", (90, 120))])
    (note,) = predict(client, pages).json()["image"]["notes"]
    assert (note["code"], note["message"]) == ("pages", "Page 1 of 2 was judged.")
    assert (note["values"]["place"], note["values"]["count"]) == (1, 2)
    (note,) = predict(client, encoded("JPEG")[:-2]).json()["image"]["notes"]
    assert note["code"] == "missing_end"


ROUTES = (
    "/api/predict",
    "/api/forensics?view=jpeg",
    "/api/forensics?view=double_compression",
    "/api/provenance",
    "/api/report?heatmap=none",
)


def test_every_route_for_a_picture_takes_an_unusual_one(client: TestClient) -> None:
    for data in (encoded("HEIF"), encoded("AVIF"), encoded("JPEG")[:-1]):
        for path in ROUTES:
            answer = client.post(path, files={"image": ("x", data)})
            assert answer.status_code == 200, (path, answer.text[:300])


def test_a_camera_raw_file_is_refused_by_name(client: TestClient) -> None:
    answer = predict(client, b"II*\0\x10\0\0\0CR\x02\0" + bytes(60))
    assert answer.status_code == 415
    assert "CR2" in answer.json()["message"]
