"""Anything may be sent: no answer is a 5xx but 503, and the next good request works.

`make endure` runs these with many more examples than a usual test run does.
"""

import io
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from PIL import Image
from schemathesis.core.result import Ok
from service_factories import picture, predict, ready_client, settings_for

from app.main import create_app

UPLOADS = int(os.environ.get("FUZZ_UPLOADS", "1000"))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "30"))
# Pictures that say they are large are refused all the same, and sooner.
SMALL = {"max_pixels": 4_000_000}


def seeds() -> list[bytes]:
    """One intact picture of each kind of encoding."""
    rng = np.random.default_rng(0)
    pixels = Image.fromarray(rng.integers(0, 256, (70, 90, 3)).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    ways: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (pixels, "JPEG", {"exif": exif}),
        (pixels, "JPEG", {"progressive": True, "quality": 30}),
        (pixels.convert("CMYK"), "JPEG", {}),
        (pixels, "PNG", {}),
        (pixels.quantize(16), "PNG", {"transparency": 3}),
        (pixels.convert("I;16"), "PNG", {}),
        (pixels, "WEBP", {"lossless": True}),
        (pixels, "WEBP", {"quality": 40}),
        (pixels.quantize(8), "GIF", {"save_all": True, "append_images": [pixels.quantize(8)]}),
        (pixels, "BMP", {}),
        (pixels, "TIFF", {"compression": "tiff_lzw"}),
        (pixels.convert("F"), "TIFF", {}),
    ]
    files = []
    for image, format_, options in ways:
        buffer = io.BytesIO()
        image.save(buffer, format_, **options)
        files.append(buffer.getvalue())
    return files


def spoiled(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """A picture with some bytes changed, cut, repeated or taken from another."""
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16, 64))):
        # Headers decide most, so they are hit most.
        at = int(len(content) * rng.random() ** rng.choice((1, 4)))
        length = rng.choice((1, 2, 4, 4, 8, 64))
        match rng.randrange(6):
            case 0:
                content[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                content[at : at + length] = rng.choice((b"\0", b"\xff", b"\x7f")) * length
            case 2:
                content[at : at + length] = b""
            case 3:
                content[at:at] = content[at : at + length] * rng.choice((1, 3, 50))
            case 4:
                content[at:at] = other[at : at + rng.choice((8, 512))]
            case 5:
                del content[max(20, at) :]
    return bytes(content)


@pytest.fixture(scope="module")
def fuzzed(prepared: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    models, cache = prepared
    state = tmp_path_factory.mktemp("fuzzed")
    (state / "cache").symlink_to(cache)
    with ready_client(settings_for(models, state, **SMALL)) as client:
        yield client


def test_spoiled_pictures_are_judged_or_refused(fuzzed: TestClient) -> None:
    rng = random.Random(0)
    intact, statuses = seeds(), Counter[int]()
    for number in range(UPLOADS):
        data = spoiled(rng.choice(intact), rng.choice(intact), rng)
        answer = predict(fuzzed, data, model="bright", history=False)
        statuses[answer.status_code] += 1
        body = answer.json()
        assert answer.status_code in (200, 400, 413, 415, 422, 503), (number, body)
        assert body["success"] is (answer.status_code == 200)
        if answer.status_code != 200:
            assert body["message"].endswith(".")
            assert "/" not in body["message"].replace("x", "")  # no path
    assert statuses[200] > UPLOADS / 20  # some damage is harmless,
    assert statuses[422] > UPLOADS / 20  # some is not
    assert predict(fuzzed, picture(255), model="bright").json()["prediction"] == "Fake"


def test_every_seed_is_a_good_picture(fuzzed: TestClient) -> None:
    for data in seeds():
        assert predict(fuzzed, data).status_code == 200


def operations() -> dict[str, Any]:
    """Operations of the API's description, without endless streams."""
    described = schemathesis.openapi.from_dict(create_app().openapi())
    operations = (
        result.ok() for result in described.get_all_operations() if isinstance(result, Ok)
    )
    return {
        operation.label: operation
        for operation in operations
        if not operation.path.endswith("/events")
    }


OPERATIONS = operations()


@pytest.mark.parametrize("label", OPERATIONS)
def test_no_request_is_too_odd_for_the_api(fuzzed: TestClient, label: str) -> None:
    statuses = Counter[int]()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(OPERATIONS[label].as_strategy())
    def ask(case: Any) -> None:
        request = requests.Request(**case.as_transport_kwargs(base_url="http://testserver"))
        prepared = request.prepare()
        answer = fuzzed.request(
            str(prepared.method),
            str(prepared.url),
            content=prepared.body,
            headers=dict(prepared.headers),
        )
        statuses[answer.status_code] += 1
        assert answer.status_code < 500 or answer.status_code == 503, answer.text

    ask()
    assert statuses.total() >= 1
    assert fuzzed.get("/api/health").status_code == 200
