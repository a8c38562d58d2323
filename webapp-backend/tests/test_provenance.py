"""The provenance of a file over HTTP; test files carry real signatures."""

import csv
import io
import sqlite3
import struct
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from archives import packed, results, started
from certificates import Authority
from fastapi.testclient import TestClient
from metadata_files import packet, plain, with_exif, with_text, with_xmp
from PIL import ExifTags
from scenes import encoded, shaded
from service_factories import picture, predict, ready_client, until

from app.core.settings import Settings
from app.inference.provenance import provenance_of
from app.jobs.archive_worker import ArchiveWorker

MODEL, ARTIST = 0x0110, 0x013B
PLACE: dict[int, dict[int, Any]] = {ExifTags.IFD.GPSInfo: {1: "N", 2: (48.0, 51.0, 29.5)}}


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def signed(authority: Authority) -> bytes:
    return authority.sign(encoded(shaded(120), "JPEG", quality=90))


def ask(client: TestClient, data: bytes, **query: Any) -> Any:
    return client.post("/api/provenance", files={"image": ("x.jpg", data)}, params=query)


def read(client: TestClient, data: bytes, **query: Any) -> Any:
    answer = ask(client, data, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def trusting(settings: Settings, anchors: Path) -> TestClient:
    return ready_client(settings.model_copy(update={"trust_anchors": anchors}))


def test_a_plain_file_says_nothing(client: TestClient) -> None:
    provenance = read(client, plain("JPEG"))
    assert (provenance["says_generated"], provenance["claims"], provenance["entries"]) == (
        False,
        [],
        [],
    )
    assert (provenance["credentials"]["state"], provenance["trust_list"]) == ("none", False)
    assert provenance["image"] == predict(client, plain("JPEG")).json()["image"]


def test_a_signed_file_is_valid_but_its_signer_unknown(client: TestClient, signed: bytes) -> None:
    provenance = read(client, signed)
    assert provenance["credentials"]["state"] == "unknown_signer"
    assert provenance["credentials"]["signer"] == "Test Press"
    assert provenance["says_generated"]
    assert provenance["claims"][0]["signature"] == "unknown_signer"


def test_with_a_list_of_signers_it_is_trusted(
    settings: Settings, tmp_path: Path, authority: Authority, signed: bytes
) -> None:
    anchors = tmp_path / "anchors.pem"
    anchors.write_text(authority.root)
    with trusting(settings, anchors) as client:
        provenance = read(client, signed)
        assert (provenance["credentials"]["state"], provenance["trust_list"]) == ("trusted", True)
        anchors.write_text(Authority().root)  # read again, without a restart
        assert read(client, signed)["credentials"]["state"] == "unknown_signer"


def test_a_file_that_was_changed_after_signing_is_invalid(
    client: TestClient, signed: bytes
) -> None:
    at = signed.rindex(b"\xff\xdb") + 8
    changed = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
    provenance = read(client, changed)
    assert provenance["credentials"]["state"] == "invalid"
    assert provenance["credentials"]["problems"] == ["assertion.dataHash.mismatch"]
    assert provenance["claims"][0]["signature"] == "invalid"


@pytest.mark.parametrize("content", [None, b"no certificate", b"\xff\xfe\x00"])
def test_a_list_that_cannot_be_read_is_told_and_nobody_is_trusted(
    settings: Settings, tmp_path: Path, signed: bytes, content: bytes | None
) -> None:
    anchors = tmp_path / "anchors.pem"
    if content is not None:
        anchors.write_bytes(content)
    with trusting(settings, anchors) as client:
        provenance = read(client, signed)
    assert (provenance["credentials"]["state"], provenance["trust_list"]) == (
        "unknown_signer",
        False,
    )
    assert "trusted signers" in provenance["problems"][-1]
    assert str(tmp_path) not in str(provenance)


def test_personal_fields_are_masked_unless_asked_for(client: TestClient) -> None:
    data = with_exif({MODEL: "Camera 9", ARTIST: "Jane Roe"}, PLACE)
    provenance = read(client, data)
    values = {entry["name"]: entry["value"] for entry in provenance["entries"]}
    assert values["Model"] == "Camera 9"
    assert values["Artist"] is None
    assert [values[name] for name in values if name.startswith("GPS")] == [None, None]
    assert provenance["masked"] == 3
    assert "Jane" not in ask(client, data).text
    full = read(client, data, personal=True)
    assert (full["masked"], {e["name"]: e["value"] for e in full["entries"]}["Artist"]) == (
        0,
        "Jane Roe",
    )


def test_what_the_file_says_is_apart_from_what_the_model_says(client: TestClient) -> None:
    dark = with_text({"parameters": "a face\nSteps: 20, Sampler: Euler a, Seed: 7"})
    assert read(client, dark)["says_generated"]
    verdict = predict(client, dark, model="bright").json()
    assert "says_generated" not in verdict


def bomb(kind: bytes, megabytes: int) -> bytes:
    """A small PNG with a packed text of many megabytes before its pixels."""
    data = plain("PNG")
    packed = zlib.compress(b"\0" * (megabytes * 1024**2), 9)
    head = b"Comment\0\1\0\0\0" if kind == b"iTXt" else b"Comment\0\0"
    body = kind + head + packed
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:33] + chunk + data[33:]


HOSTILE = {
    "packed text": bomb(b"iTXt", 200),
    "packed old text": bomb(b"zTXt", 200),
    "deep XMP": with_xmp(packet("<dc:a>" * 20_000 + "</dc:a>" * 20_000), "PNG"),
    "growing XMP": with_xmp(
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/">&b;</x:xmpmeta>'
    ),
    "deep JSON": with_text({"prompt": "[" * 100_000, "workflow": '{"a":' * 50_000}),
    "long text": with_text({"parameters": "x" * 900_000}),
    "many texts": with_text({f"field {number}": "y" * 500 for number in range(2_000)}),
    "torn credentials": plain("JPEG")[:2]
    + b"\xff\xeb\x00\x20JP\0\1\0\0\0\1\0\0\xff\xffjumb\0\0\0\x10jumdc2pa"
    + plain("JPEG")[2:],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_metadata_is_bounded(client: TestClient, name: str) -> None:
    answer = ask(client, HOSTILE[name])
    assert answer.status_code in (200, 422), answer.text
    assert len(answer.content) < 5 * 1024**2
    assert answer.status_code == predict(client, HOSTILE[name]).status_code
    assert read(client, plain("JPEG"))["problems"] == []


@pytest.mark.parametrize("data", [b"", b"no picture", picture()[:-30], picture(9, (10, 10))])
def test_a_bad_picture_is_refused_as_by_predict(client: TestClient, data: bytes) -> None:
    answer, refused = ask(client, data), predict(client, data)
    assert (answer.status_code, answer.json()) == (refused.status_code, refused.json())


WEBUI = "a face\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1"


def test_the_verdict_says_what_the_file_says_of_itself(client: TestClient, signed: bytes) -> None:
    assert predict(client, plain("JPEG")).json()["provenance"] == {
        "claim": "none",
        "by": None,
        "where": None,
        "earlier": False,
        "trust": "none",
        "message": "The file does not say how it was made.",
    }
    plainly = predict(client, with_text({"parameters": WEBUI})).json()["provenance"]
    assert (plainly["claim"], plainly["by"], plainly["where"], plainly["trust"]) == (
        "generated",
        "Stable Diffusion",
        "text",
        "unverified",
    )
    by_signature = predict(client, signed).json()["provenance"]
    assert (by_signature["claim"], by_signature["by"], by_signature["trust"]) == (
        "generated",
        "Painter",
        "unknown_signer",
    )
    compared = predict(client, signed, models="all").json()["results"]
    assert {result["provenance"]["claim"] for result in compared} == {"generated"}


def test_the_statement_is_the_same_in_the_record_and_the_report(
    client: TestClient, signed: bytes
) -> None:
    statement = predict(client, signed).json()["provenance"]
    assert read(client, signed)["statement"] == statement
    report = client.post("/api/report", files={"image": ("x.jpg", signed)}).json()
    assert report["provenance"]["statement"] == statement


def test_a_trust_list_counts_for_verdicts_and_may_change(
    settings: Settings, authority: Authority, signed: bytes, tmp_path: Path
) -> None:
    anchors = tmp_path / "anchors.pem"
    anchors.write_text(authority.root)
    client = trusting(settings, anchors)
    assert predict(client, signed).json()["provenance"]["trust"] == "trusted"
    for useless in (Authority().root, "nonsense"):
        anchors.write_text(useless)
        assert predict(client, signed).json()["provenance"]["trust"] == "unknown_signer"
    anchors.unlink()
    assert predict(client, signed).json()["provenance"]["trust"] == "unknown_signer"


def test_the_history_keeps_the_statement(client: TestClient) -> None:
    statement = predict(client, with_text({"parameters": WEBUI})).json()["provenance"]
    until(lambda: client.get("/api/history").json()["total"] == 1)
    (entry,) = client.get("/api/history").json()["entries"]
    assert entry["provenance"] == statement


def test_entries_of_older_versions_have_no_statement(
    client: TestClient, settings: Settings
) -> None:
    predict(client, plain("JPEG"))
    until(lambda: client.get("/api/history").json()["total"] == 1)
    with closing(sqlite3.connect(settings.state_dir / "store.sqlite3")) as database, database:
        database.execute("UPDATE history SET provenance = NULL")
    (entry,) = client.get("/api/history").json()["entries"]
    assert entry["provenance"] is None


def test_a_job_tells_the_statement_of_each_picture(
    client: TestClient, runner: ArchiveWorker
) -> None:
    formula = packet(attributes='Iptc4xmpExt:AISystemUsed="=HYPERLINK()"')
    files = {"a.png": with_text({"parameters": WEBUI}), "b.jpg": with_xmp(formula), "c.txt": b"no"}
    job = started(client, packed(files), model="bright")
    runner.step()
    first, second, third = results(client, job)
    assert (first["provenance"]["claim"], second["provenance"]["claim"]) == (
        "generated",
        "edited_with_ai",
    )
    assert third["provenance"] is None
    table = client.get(f"/api/jobs/{job['id']}/results", params={"format": "csv"}).text
    columns = ("provenance", "provenance_by", "provenance_where", "provenance_trust")
    assert [
        tuple(row[column] for column in columns) for row in csv.DictReader(io.StringIO(table))
    ] == [
        ("generated", "Stable Diffusion", "text", "unverified"),
        ("edited_with_ai", "'=HYPERLINK()", "xmp", "unverified"),
        ("", "", "", ""),
    ]


def test_a_fault_in_reading_a_file_is_not_blamed_on_the_trust_list(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("an odd file")

    monkeypatch.setattr("app.inference.provenance.read_provenance", fail)
    with pytest.raises(ValueError, match="an odd file"):
        provenance_of(plain("JPEG"), None)
    assert "TRUST_ANCHORS" not in caplog.text
