"""Archives of pictures, and what a client does with them."""

import io
import zipfile
from typing import Any

from fastapi.testclient import TestClient
from service_factories import picture

WHITE, BLACK = picture(255), picture(0)


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def many(count: int) -> dict[str, bytes]:
    return {f"{number}.png": picture(number % 256) for number in range(count)}


def start(client: TestClient, data: bytes, **query: Any) -> Any:
    return client.post("/api/jobs", files={"archive": ("faces.zip", data)}, params=query)


def started(client: TestClient, data: bytes, **query: Any) -> Any:
    answer = start(client, data, **query)
    assert answer.status_code == 202, answer.text
    job = answer.json()["job"]
    assert answer.headers["location"] == f"/api/jobs/{job['id']}"
    assert job["state"] == "waiting"
    return job


def state(client: TestClient, job: Any) -> Any:
    return client.get(f"/api/jobs/{job['id']}").json()["job"]


def results(client: TestClient, job: Any) -> Any:
    return client.get(f"/api/jobs/{job['id']}/results", params={"limit": 1000}).json()["results"]
