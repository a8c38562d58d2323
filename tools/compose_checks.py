"""Checks of `make test-compose` on the running containers, through the one published port."""

import io
import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

FACES = Path(__file__).parents[2] / "shared" / "data" / "Dataset" / "Test"
ROOT = Path(__file__).parents[1]
FOLDER, LOGS = ROOT / "detection-model" / "models", ROOT / "logs"
MODELS = sorted(path.stem for path in FOLDER.glob("*.keras"))


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


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.2)


def history(web: httpx.Client, name: str) -> list[list[str]]:
    """The models that judged each entry of this file name."""
    entries = web.get("/api/history", params={"search": name}).json()["entries"]
    return [[verdict["model"] for verdict in entry["verdicts"]] for entry in entries]


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


@pytest.mark.parametrize("megabytes", [31, 60])  # more than the service and than nginx take
def test_too_large_is_json(web: httpx.Client, megabytes: int) -> None:
    data = b"x" * megabytes * 1024**2
    answer = web.post("/api/predict", files={"image": ("a.jpg", data)})
    assert answer.status_code == 413
    assert answer.json()["error"] == "file_too_large"


def test_an_archive_becomes_a_job_whose_progress_is_streamed(web: httpx.Client) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(60):
            file.writestr(f"{number}.jpg", jpeg(np.full((600, 400, 3), number, np.uint8)))
        file.writestr("padding", b"x" * 15 * 1024**2)  # no picture
    upload = {"archive": ("many.zip", archive.getvalue())}
    answer = web.post("/api/jobs", files=upload, params={"models": "all"})
    assert answer.status_code == 202, answer.text
    url = answer.headers["location"]
    with web.stream("GET", f"{url}/events") as events:
        lines = list(events.iter_lines())
    assert lines.count("event: progress") > 1
    assert "event: end" in lines
    job = web.get(url).json()["job"]
    assert (job["state"], job["done"], job["failed"]) == ("finished", 61, 1)
    table = web.get(f"{url}/results", params={"format": "csv"}).text
    assert len(table.splitlines()) == 1 + 60 * len(MODELS) + 1


def test_a_verdict_is_explained_examined_reported_and_objected_to(web: httpx.Client) -> None:
    files = {"image": ("face.jpg", jpeg(np.full((256, 256, 3), 128, np.uint8)), "image/jpeg")}
    for method in ("gradcam", "occlusion"):
        answer = web.post("/api/explain", params={"model": "v3", "method": method}, files=files)
        if answer.status_code == 202:
            where = answer.headers["location"]
            until(lambda where=where: web.get(where).status_code == 200)  # type: ignore[misc]
            answer = web.get(where)
        assert answer.status_code == 200, answer.text
        assert answer.json()["method"] == method
    for path in ("/api/forensics?view=noise", "/api/provenance"):
        answer = web.post(path, files=files)
        assert answer.status_code == 200, answer.text
    report = web.post("/api/report", params={"format": "html", "model": "v3"}, files=files)
    assert report.headers["content-type"].startswith("text/html")
    assert "<h1" in report.text
    case = web.post("/api/cases", data={"really": "real"}, files=files)
    assert case.status_code == 201, case.text


def test_too_large_an_archive_is_json(web: httpx.Client) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(210):
            yield b"x" * 1024**2

    head = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(210 * 1024**2)}
    answer = web.post("/api/jobs", content=parts(), headers=head)
    assert (answer.status_code, answer.json()["error"]) == (413, "file_too_large")


def test_tensorboard_through_the_same_port(web: httpx.Client) -> None:
    assert "TensorBoard" in web.get("/tensorboard/").text
    runs = web.get("/tensorboard/data/runs").json()
    for model in MODELS:
        assert any(run.startswith(f"{model}/") and run.endswith("validation") for run in runs)


def test_the_runs_with_all_their_points(web: httpx.Client) -> None:
    points = {
        run["name"]: last["points"]
        for run in web.get("/api/runs").json()["runs"]
        for last in run["last"]
        if (last["tag"], last["part"]) == ("epoch_accuracy", "validation")
    }
    records = [path for model in MODELS for path in (LOGS / model).glob("*/run.json")]
    assert records
    for record in records:
        epochs = len(json.loads(record.read_text())["history"]["val_accuracy"])
        assert points[record.parent.relative_to(LOGS).as_posix()] == epochs


def test_a_model_dropped_into_the_folder_is_served_and_gone_again(web: httpx.Client) -> None:
    dropped = FOLDER / "dropped.keras"
    grey = jpeg(np.full((300, 300, 3), 128, np.uint8))

    def ask() -> httpx.Response:
        files = {"image": ("a.jpg", grey)}
        return web.post("/api/predict?model=dropped&history=false", files=files)

    try:
        shutil.copy(FOLDER / "v1.keras", dropped)
        until(lambda: ask().status_code == 200)
        answer = ask().json()
        assert answer["verdict"] == "uncertain"
        assert answer["assumptions"]  # it has no card
        folder = web.get("/api/models").json()["folder"]
        assert folder["shown_as"] == "detection-model/models"
        assert "dropped.keras" in [file["name"] for file in folder["files"]]
    finally:
        dropped.unlink(missing_ok=True)
    until(lambda: ask().status_code == 404)


def test_verdicts_are_in_the_history(web: httpx.Client) -> None:
    files = {"image": ("kept.jpg", jpeg(np.full((300, 300, 3), 90, np.uint8)))}
    assert web.post("/api/predict?models=all", files=files).status_code == 200
    until(lambda: history(web, "kept.jpg") == [MODELS])


def test_a_threshold_is_set(web: httpx.Client) -> None:
    answer = web.patch("/api/models/v3", json={"threshold": 0.75}).json()
    assert answer["model"]["threshold"] == 0.75


def test_after_a_second_start_threshold_and_history_are_still_there(web: httpx.Client) -> None:
    assert history(web, "kept.jpg") == [MODELS]
    row = web.get("/api/models/v3").json()["model"]
    assert (row["threshold"], row["threshold_source"]) == (0.75, "override")
    assert verdicts(web, jpeg(np.full((300, 300, 3), 128, np.uint8))) == MODELS
