"""Every bad upload gets its own clear refusal, and the next good request works."""

import errno
import io
import re
import struct
import tempfile
import zlib
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from service_factories import picture, predict

GOOD = picture(200)


def noise(format_: str, side: int = 120) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format_)
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99))


FILES = {
    "empty": (b"", 400, "empty_file"),
    "text named jpg": (b"hello, I am text", 415, "unsupported_format"),
    "pdf": (b"%PDF-1.7\n" + b"x" * 99, 415, "unsupported_format"),
    "svg": (b"<svg xmlns='x'><script/></svg>", 415, "unsupported_format"),
    "html": (b"<!DOCTYPE html><p>hi", 415, "unsupported_format"),
    "zip": (b"PK\x03\x04" + b"\0" * 60, 415, "unsupported_format"),
    "heic": (b"\0\0\0\x18ftypheic" + b"\0" * 60, 422, "corrupt_image"),
    "video": (b"\0\0\0\x18ftypisom" + b"\0" * 60, 415, "unsupported_format"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF\n", 415, "unsupported_format"),
    "icon": (noise("ICO"), 415, "unsupported_format"),
    "jpeg cut off": (noise("JPEG")[:3000], 422, "truncated_image"),
    "png cut off": (noise("PNG")[:9000], 422, "truncated_image"),
    "jpeg without content": (b"\xff\xd8\xff\xe0" + b"\0" * 60, 422, "corrupt_image"),
    "too small": (picture(9, size=(31, 31)), 422, "image_too_small"),
    "one pixel": (picture(9, size=(1, 1)), 422, "image_too_small"),
    "bomb": (bomb(30_000, 30_000), 413, "too_many_pixels"),
    "over 100 megapixels": (bomb(10_100, 10_000), 413, "too_many_pixels"),
    "over 30 MB": (b"\xff\xd8\xff" + b"x" * 30 * 1024 * 1024, 413, "file_too_large"),
    "far over 30 MB": (b"x" * 60 * 1024 * 1024, 413, "file_too_large"),
}


@pytest.mark.parametrize("name", list(FILES))
def test_a_bad_file(client: TestClient, name: str) -> None:
    data, status, code = FILES[name]
    check(client, predict(client, data), status, code)


def multipart(*parts: bytes, charset: str = "utf-8") -> dict[str, Any]:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    content_type = f"multipart/form-data; boundary=b; charset={charset}"
    return {"content": body, "headers": {"content-type": content_type}}


FILE_PART = b'Content-Disposition: form-data; name="image"; filename="a"\r\n\r\n' + GOOD
REQUESTS: dict[str, tuple[dict[str, Any], int, str]] = {
    "no body": ({}, 415, "not_multipart"),
    "json": ({"json": {"image": "abc"}}, 415, "not_multipart"),
    "raw bytes": (
        {"content": GOOD, "headers": {"content-type": "image/png"}},
        415,
        "not_multipart",
    ),
    "another field": ({"files": {"photo": ("a.png", GOOD)}}, 400, "missing_file"),
    "text for a file": (
        multipart(b'Content-Disposition: form-data; name="image"\r\n\r\nhello'),
        400,
        "not_a_file",
    ),
    "two files": (multipart(FILE_PART, FILE_PART), 400, "several_files"),
    "no boundary": (
        {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
        400,
        "bad_request",
    ),
    "broken multipart": (
        {"content": b"nonsense", "headers": {"content-type": "multipart/form-data; boundary=b"}},
        400,
        "bad_request",
    ),
    "no charset": (multipart(FILE_PART, charset="undefined"), 400, "bad_request"),
    "unknown model": (
        {"files": {"image": ("a", GOOD)}, "params": {"model": "v99"}},
        404,
        "unknown_model",
    ),
    "unknown among several": (
        {"files": {"image": ("a", GOOD)}, "params": {"models": "bright,v99"}},
        404,
        "unknown_model",
    ),
    "broken model": (
        {"files": {"image": ("a", GOOD)}, "params": {"model": "broken"}},
        409,
        "model_broken",
    ),
    "threshold over 1": (
        {"files": {"image": ("a", GOOD)}, "params": {"threshold": "1.5"}},
        422,
        "invalid_parameter",
    ),
    "threshold not a number": (
        {"files": {"image": ("a", GOOD)}, "params": {"threshold": "nan"}},
        422,
        "invalid_parameter",
    ),
    "model and models": (
        {"files": {"image": ("a", GOOD)}, "params": {"model": "bright", "models": "all"}},
        422,
        "invalid_parameter",
    ),
}


@pytest.mark.parametrize("name", list(REQUESTS))
def test_a_bad_request(client: TestClient, name: str) -> None:
    arguments, status, code = REQUESTS[name]
    check(client, client.post("/api/predict", **arguments), status, code)


def test_a_full_temporary_folder(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "TemporaryFile", full)
        response = predict(client, noise("PNG", 1000))
    check(client, response, 503, "storage_full")
    assert int(response.headers["retry-after"]) > 0


def check(client: TestClient, response: Any, status: int, code: str) -> None:
    answer = response.json()
    assert (response.status_code, answer["error"]) == (status, code), answer
    assert answer["success"] is False
    assert len(answer["message"]) > 15
    message = re.sub(r"multipart/form-data|POST /api/jobs", "", answer["message"])
    assert "/" not in message  # no path of the machine
    assert predict(client, GOOD).status_code == 200


def test_too_large_is_refused_whatever_content_length_says(client: TestClient) -> None:
    def chunks() -> Any:
        yield b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        for _ in range(32):
            yield b"x" * 1024 * 1024

    headers = {"content-type": "multipart/form-data; boundary=b"}
    response = client.post("/api/predict", content=chunks(), headers=headers)
    check(client, response, 413, "file_too_large")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/api/models/active", 422),
        ("PATCH", "/api/models/bright", 422),
        ("GET", "/api/models/%2e%2e", 404),
        ("GET", "/api/models/v99/evaluation", 404),
        ("GET", "/tensorboard/", 404),
    ],
)
def test_wrong_calls_are_json_too(client: TestClient, method: str, path: str, status: int) -> None:
    response = client.request(method, path)
    assert response.status_code == status
    assert response.json()["success"] is False


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.sampled_from(["JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF"]),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=9),
    st.floats(0.1, 1),
)
def test_damaged_pictures_never_break_the_service(
    client: TestClient, format_: str, damage: list[tuple[float, int]], keep: float
) -> None:
    data = bytearray(noise(format_, 40))
    for where, value in damage:
        data[int(where * len(data))] = value
    response = predict(client, bytes(data[: int(keep * len(data))]))
    assert response.status_code in (200, 400, 413, 415, 422)
