"""Archives that are damaged, hostile or too large."""

import errno
import shutil
import struct
import zipfile

import pytest
from archives import BLACK, WHITE, packed, results, start, started, state
from fastapi.testclient import TestClient
from helpers import ready_client

from app.core.settings import Settings
from app.jobs.archive_worker import ArchiveWorker
from app.service import Service


def encrypted() -> bytes:
    """A file that says it is encrypted."""
    data = bytearray(packed({"a.png": WHITE}, zipfile.ZIP_STORED))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature) + flags
        data[at : at + 2] = struct.pack("<H", 1)
    return bytes(data)


def test_a_file_that_cannot_be_unpacked_costs_only_itself(
    client: TestClient, runner: ArchiveWorker
) -> None:
    damaged = bytearray(packed({"a.png": WHITE, "b.png": BLACK}, zipfile.ZIP_STORED))
    damaged[60] ^= 0xFF  # within a.png: its checksum fails
    for data in (bytes(damaged), encrypted()):
        job = started(client, data, model="bright")
        runner.step()
        first, *others = results(client, job)
        assert first["error"] == "corrupt_image"
        assert all(one["error"] is None for one in others)
        assert state(client, job)["state"] == "finished"


def zip_bomb(files: int, size: int) -> bytes:
    return packed({f"{number}.png": b"\0" * size for number in range(files)})


def many_names(count: int) -> bytes:
    """A directory that names one file again and again."""
    one = packed({"a": b""}, zipfile.ZIP_STORED)
    start_ = one.find(b"PK\x01\x02")
    end = one.find(b"PK\x05\x06")
    directory = one[start_:end] * count
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), start_, 0)
    return one[:start_] + directory + tail


def zip64() -> bytes:
    one = packed({"a.png": WHITE})
    at = one.find(b"PK\x05\x06")
    return one[:at] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1) + one[at:]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (WHITE, 415, "unsupported_format"),
        (b"", 415, "unsupported_format"),
        (packed({"a.png": WHITE})[:-30], 422, "corrupt_archive"),
        (packed({}), 422, "empty_archive"),
        (packed({"folder/": b""}), 422, "empty_archive"),
        (zip_bomb(3, 4 * 1024**2), 413, "archive_too_large"),
        (packed({f"{n}": b"" for n in range(101)}), 413, "too_many_files"),
        (many_names(50_000), 413, "too_many_files"),
        (zip64(), 413, "too_many_files"),
    ],
)
def test_an_archive_that_is_refused_leaves_nothing(
    settings: Settings, data: bytes, status: int, code: str
) -> None:
    tight = settings.model_copy(
        update={"max_archive_files": 100, "max_unpacked_bytes": 8 * 1024**2}
    )
    with ready_client(tight) as client:
        answer = start(client, data)
        assert (answer.status_code, answer.json()["error"]) == (status, code)
        assert client.get("/api/jobs").json()["total"] == 0
        assert list(tight.jobs_dir.glob("*")) == []
        assert start(client, packed({"a.png": WHITE})).status_code == 202


def test_an_archive_over_the_limit_is_refused_while_it_arrives(settings: Settings) -> None:
    with ready_client(settings.model_copy(update={"max_archive_bytes": 100_000})) as client:
        answer = start(client, b"PK" + b"x" * 300_000)
        assert (answer.status_code, answer.json()["error"]) == (413, "file_too_large")


def test_a_full_disk_refuses_an_archive_politely(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", full)
        answer = start(client, packed({"a.png": WHITE}))
    assert (answer.status_code, answer.json()["error"]) == (503, "storage_full")
    assert list(service.settings.jobs_dir.glob("*")) == []
    assert start(client, packed({"a.png": WHITE})).status_code == 202
