"""What `make test-compose` asks the running containers through the one published port."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

FACES = Path(__file__).parents[2] / "shared" / "data" / "Dataset" / "Test"
MODELS = ["v1", "v2", "v3"]


@pytest.fixture
def web() -> Iterator[httpx.Client]:
    with httpx.Client(base_url=os.environ["BASE_URL"], timeout=60) as client:
        yield client


def jpeg(pixels: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def phone_photo() -> bytes:
    """12 megapixels of soft noise with EXIF orientation, about 4 MB."""
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (1500, 2000, 3)).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    return jpeg(np.asarray(small.resize((4000, 3000))), quality=50, exif=exif)


def verdicts(web: httpx.Client, data: bytes) -> list[str]:
    answer = web.post("/api/predict?models=all", files={"image": ("a.jpg", data)})
    assert answer.status_code == 200, answer.text
    return [result["model"] for result in answer.json()["results"]]


def test_the_page_and_its_links(web: httpx.Client) -> None:
    for path in ("/", "/models", "/training"):
        page = web.get(path)
        assert '<div id="app">' in page.text
        assert "default-src 'self'" in page.headers["content-security-policy"]
    assert web.get("/api/docs").status_code == 200


def test_a_picture_is_judged_by_all_models(web: httpx.Client) -> None:
    assert verdicts(web, jpeg(np.full((300, 300, 3), 128, np.uint8))) == MODELS


@pytest.mark.skipif(not FACES.is_dir(), reason="no real faces here")
def test_a_real_face_is_judged_by_all_models(web: httpx.Client) -> None:
    assert verdicts(web, next((FACES / "Real").glob("*.jpg")).read_bytes()) == MODELS


def test_a_phone_photo_of_four_megabytes(web: httpx.Client) -> None:
    data = phone_photo()
    assert 3_500_000 < len(data) < 5_000_000
    answer = web.post("/api/predict", files={"image": ("IMG_1.jpg", data)}).json()
    assert (answer["image"]["width"], answer["image"]["height"]) == (3000, 4000)


@pytest.mark.parametrize("megabytes", [11, 40])
def test_too_large_is_json(web: httpx.Client, megabytes: int) -> None:
    data = b"x" * megabytes * 1024**2
    answer = web.post("/api/predict", files={"image": ("a.jpg", data)})
    assert answer.status_code == 413
    assert answer.json()["error"] == "file_too_large"


def test_tensorboard_through_the_same_port(web: httpx.Client) -> None:
    assert "TensorBoard" in web.get("/tensorboard/").text
    runs = web.get("/tensorboard/data/runs").json()
    for model in MODELS:
        assert any(run.startswith(f"{model}/") and run.endswith("validation") for run in runs)


def test_a_threshold_is_set(web: httpx.Client) -> None:
    answer = web.patch("/api/models/v3", json={"threshold": 0.75}).json()
    assert answer["model"]["threshold"] == 0.75


def test_after_a_second_start_the_threshold_is_still_there(web: httpx.Client) -> None:
    row = web.get("/api/models/v3").json()["model"]
    assert (row["threshold"], row["threshold_source"]) == (0.75, "override")
    assert verdicts(web, jpeg(np.full((300, 300, 3), 128, np.uint8))) == MODELS
