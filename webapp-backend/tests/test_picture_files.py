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
    "/api/preview",
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


@pytest.mark.parametrize("format_", ["HEIF", "AVIF", "TIFF", "JPEG"])
def test_a_preview_is_a_jpeg_of_the_picture(client: TestClient, format_: str) -> None:
    answer = client.post("/api/preview", files={"image": ("x", encoded(format_))})
    assert answer.headers["content-type"] == "image/jpeg"
    image = Image.open(io.BytesIO(answer.content))
    red, green, blue = image.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert (image.format, image.size) == ("JPEG", (90, 120))
    assert max(abs(red - 200), abs(green - 150), abs(blue - 120)) < 12


def test_a_preview_is_upright_small_and_without_metadata(client: TestClient) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "Maker"
    buffer = io.BytesIO()
    Image.new("RGB", (3000, 1500)).save(buffer, "JPEG", exif=exif)
    answer = client.post("/api/preview", files={"image": ("x.jpg", buffer.getvalue())})
    image = Image.open(io.BytesIO(answer.content))
    assert image.size == (512, 1024)
    assert not dict(image.getexif())
    assert answer.headers["cache-control"] == "no-store"


def test_there_is_no_preview_of_a_file_that_is_no_picture(client: TestClient) -> None:
    answer = client.post("/api/preview", files={"image": ("x.heic", b"no picture")})
    assert (answer.status_code, answer.json()["error"]) == (415, "unsupported_format")
