"""Archives that are damaged, hostile or too large."""

import errno
import io
import shutil
import struct
import zipfile
from typing import Any

import pytest
from archives import BLACK, WHITE, packed, results, start, started, state
from fastapi.testclient import TestClient
from service_factories import ready_client

from app.core.settings import Settings
from app.jobs.archive_worker import ArchiveWorker
from app.service import Service


def encrypted(**others: bytes) -> bytes:
    """An archive whose first file says that it is encrypted."""
    data = bytearray(packed({"a.png": WHITE, **others}, zipfile.ZIP_STORED))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature) + flags
        data[at : at + 2] = struct.pack("<H", 1)
    return bytes(data)


def test_a_file_that_cannot_be_unpacked_costs_only_itself(
    client: TestClient, runner: ArchiveWorker
) -> None:
    damaged = bytearray(packed({"a.png": WHITE, "b.png": BLACK}, zipfile.ZIP_STORED))
    damaged[60] ^= 0xFF  # within a.png: its checksum fails
    for data in (bytes(damaged), encrypted(b=BLACK)):
        job = started(client, data, model="bright")
        runner.step()
        first, second = results(client, job)
        assert (first["error"], second["error"]) == ("corrupt_image", None)
        assert state(client, job)["state"] == "finished"


def zip_bomb(files: int, size: int) -> bytes:
    return packed({f"{number}.png": b"\0" * size for number in range(files)})


def many_names(count: int) -> bytes:
    """A directory that names one file again and again."""
    archive = packed({"a": b""}, zipfile.ZIP_STORED)
    start_ = archive.find(b"PK\x01\x02")
    end = archive.find(b"PK\x05\x06")
    directory = archive[start_:end] * count
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), start_, 0)
    return archive[:start_] + directory + tail


def zip64_end(data: bytes, directory_bytes: int | None = None) -> bytes:
    """The same archive with ZIP64 end records, as cloud storages write for any size."""
    at = data.rfind(b"PK\x05\x06")
    files, size, start_ = struct.unpack_from("<HII", data, at + 10)
    size = directory_bytes or size
    end = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, files, files, size, start_)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
    plain = struct.pack("<4s4H2IH", b"PK\x05\x06", *[0xFFFF] * 4, *[0xFFFFFFFF] * 2, 0)
    return data[:at] + end + locator + plain


class Pipe(io.RawIOBase):
    """A stream that cannot go back, for which packers write sizes behind the data."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.data += bytes(data)
        return len(data)


def streamed(files: dict[str, bytes]) -> bytes:
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return pipe.data


def with_zip64_fields(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(data)
    return buffer.getvalue()


def commented(data: bytes) -> bytes:
    """A comment that contains the mark of an archive's end."""
    comment = b"PK\x05\x06 and more" + bytes(30)
    return data[:-2] + struct.pack("<H", len(comment)) + comment


TWO = {"a.png": WHITE, "b.png": BLACK}


@pytest.mark.parametrize(
    "data",
    [
        zip64_end(packed(TWO)),
        zip64_end(streamed(TWO)),
        streamed(TWO),
        with_zip64_fields(TWO),
        commented(packed(TWO)),
        b"MZ, a self-extracting archive" + packed(TWO),
        packed(TWO) + b"bytes behind the end",
        packed(TWO, zipfile.ZIP_BZIP2),
        packed(TWO, zipfile.ZIP_LZMA),
    ],
)
def test_archives_of_every_packer_are_judged(
    client: TestClient, runner: ArchiveWorker, data: bytes
) -> None:
    job = started(client, data, model="bright")
    runner.step()
    pictures = results(client, job)
    assert [picture["file"] for picture in pictures] == ["a.png", "b.png"]
    assert [picture["verdicts"][0]["prediction"] for picture in pictures] == ["Fake", "Real"]
    assert state(client, job)["state"] == "finished"


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
        (zip64_end(packed({"a.png": WHITE}), 10**9), 422, "corrupt_archive"),
        (packed({".DS_Store": b"x", "__MACOSX/._a.png": b"x"}), 422, "empty_archive"),
        (encrypted(), 422, "encrypted_archive"),
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


def message(client: TestClient, data: bytes) -> str:
    answer = start(client, data)
    assert answer.status_code in (413, 415, 422)
    return str(answer.json()["message"])


def test_a_refusal_says_the_true_size(settings: Settings) -> None:
    tight = settings.model_copy(
        update={"max_archive_files": 100, "max_unpacked_bytes": 8 * 1024**2}
    )
    with ready_client(tight) as client:
        text = message(client, zip_bomb(3, 4 * 1024**2))
        assert "12.0 MB" in text
        assert "at most 8.0 MB" in text
        text = message(client, packed({f"{n}": b"" for n in range(1234)}))
        assert "1,234 files; at most 100" in text
        # The end of this directory says 1: what is true is its size.
        assert "list of files has 2.2 MB" in message(client, many_names(50_000))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"Rar!\x1a\x07\x00", "a RAR archive"),
        (b"\x1f\x8b\x08" + bytes(20), "a gzip archive"),
        (b"<!doctype html><html></html>", "a web page"),
        (WHITE, "a picture, not a ZIP archive"),
        (b"", "empty"),
        (packed(TWO)[:-30], "incomplete"),
        (packed({".DS_Store": b"x"}), "only system files (.DS_Store)"),
        (encrypted(), "without a password"),
    ],
)
def test_what_is_sent_in_place_of_an_archive_is_named(
    client: TestClient, data: bytes, words: str
) -> None:
    assert words in message(client, data)


def test_a_part_of_a_split_archive_is_named(client: TestClient) -> None:
    data = bytearray(packed(TWO))
    struct.pack_into("<H", data, data.rfind(b"PK\x05\x06") + 4, 1)
    assert "split archive" in message(client, bytes(data))


def test_entries_that_are_no_pictures_are_lines_of_the_result(
    client: TestClient, runner: ArchiveWorker
) -> None:
    names = {
        "../../up.png": WHITE,
        "C:\\Users\\jane\\down.png": WHITE,
        "inner.zip": packed(TWO),
        "long/" + "x" * 300 + ".png": WHITE,
        "huge.png": bytes(40 * 1024**2),
    }
    job = started(client, packed(names), model="bright")
    runner.step()
    up, down, inner, long, huge = results(client, job)
    assert (up["file"], up["error"]) == ("../../up.png", "unsafe_path")
    assert (down["file"], down["error"]) == ("C:/Users/jane/down.png", None)
    assert "inside the archive" in inner["message"]
    assert (len(long["file"]), long["file"][0], long["error"]) == (200, "…", None)
    assert huge["error"] == "file_too_large"
    assert "40.0 MB" in huge["message"]


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
