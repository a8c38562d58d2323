"""Credentials, really signed, are trusted, of an unknown signer, or invalid."""

import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from certificates import Authority
from factories import file_bytes, grainy
from metadata_files import plain
from typer.testing import Result

from detection_model.imaging import decode
from detection_model.provenance.read import read_provenance
from detection_model.provenance.record import Credentials


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def signed(authority: Authority) -> bytes:
    return authority.sign(file_bytes(grainy(1, 96), quality=90))


def repainted(data: bytes) -> bytes:
    """The same file with a finer quantisation step: other pixels, no other statement."""
    at = data.rindex(b"\xff\xdb") + 8
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def credentials(data: bytes, anchors: str | None = None) -> Credentials:
    decode(data)
    return read_provenance(data, anchors=anchors).credentials


def test_an_unknown_signers_picture_is_valid_but_not_trusted(signed: bytes) -> None:
    found = read_provenance(signed)
    assert found.credentials.state == "unknown_signer"
    assert found.credentials.signer == "Test Press"
    assert found.credentials.generator == "Paint Shop 7"
    assert found.credentials.problems == []
    [claim] = found.claims
    assert (claim.source, claim.field, claim.says, claim.extent, claim.signature) == (
        "c2pa",
        "c2pa.created",
        "trainedAlgorithmicMedia",
        "whole",
        "unknown_signer",
    )
    assert found.says_generated


def test_with_the_root_as_anchor_it_is_trusted(authority: Authority, signed: bytes) -> None:
    assert credentials(signed, authority.root).state == "trusted"
    assert credentials(signed, Authority().root).state == "unknown_signer"


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF", "GIF"])
def test_every_format_that_can_carry_credentials_is_read(
    authority: Authority, format_: str
) -> None:
    data = authority.sign(plain(format_), f"image/{format_.lower()}")
    assert credentials(data, authority.root).state == "trusted"


def test_changed_pixels_are_invalid_even_from_a_trusted_signer(
    authority: Authority, signed: bytes
) -> None:
    changed = repainted(signed)
    assert not (decode(changed).pixels == decode(signed).pixels).all()
    for anchors in (None, authority.root):
        found = read_provenance(changed, anchors=anchors)
        assert found.credentials.state == "invalid"
        assert found.credentials.problems == ["assertion.dataHash.mismatch"]
        # What the file says is told all the same, with how little it is worth.
        assert [claim.signature for claim in found.claims] == ["invalid"]


def test_a_changed_statement_is_invalid(authority: Authority, signed: bytes) -> None:
    changed = signed.replace(b"trainedAlgorithmicMedia", b"trainedAlgorithmicmedia")
    assert changed != signed
    found = credentials(changed, authority.root)
    assert found.state == "invalid"
    assert "assertion.hashedURI.mismatch" in found.problems


def test_credentials_moved_to_another_picture_are_invalid(
    authority: Authority, signed: bytes
) -> None:
    own, other = file_bytes(grainy(1, 96), quality=90), file_bytes(grainy(2, 96), quality=90)
    # Laid in behind the first bytes, which all JPEG files share.
    end = len(signed) - len(own) + 20
    assert signed[end:] == own[20:]
    assert credentials(signed[:end] + other[20:], authority.root).state == "invalid"


def test_damaged_credentials_are_invalid(signed: bytes) -> None:
    at = signed.index(b"c2pa.claim")
    damaged = signed[:at] + b"\xff" * 30 + signed[at + 30 :]
    assert credentials(damaged).state == "invalid"


def test_a_plain_file_has_none() -> None:
    assert credentials(plain()).state == "none"


def test_a_camera_s_credentials_are_no_claim_of_generation(authority: Authority) -> None:
    found = read_provenance(authority.sign(plain(), source_type="digitalCapture"))
    assert not found.says_generated
    [made] = [one for one in found.credentials.actions if one.source_type]
    assert (made.action, made.software, made.source_type) == (
        "c2pa.created",
        "Painter",
        "digitalCapture",
    )


def test_the_signers_name_is_told_only_when_asked_for(signed: bytes) -> None:
    assert "Jane Roe" not in read_provenance(signed).model_dump_json()
    asked = read_provenance(signed, personal=True).credentials
    assert asked.signer_name == "Jane Roe"


def test_credentials_on_a_server_are_not_fetched(authority: Authority) -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/manifest.c2pa"
        found = credentials(authority.sign(plain(), remote=address))
        server.shutdown()
        thread.join()
    assert found.state == "not_checked"
    assert found.reason == "The credentials are on another server, which is not contacted."
    assert asked == []


def test_without_the_library_nothing_is_claimed_to_be_checked(
    signed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    found = read_provenance(signed)
    assert found.credentials.state == "not_checked"
    assert "detection-model[provenance]" in (found.credentials.reason or "")
    assert not found.says_generated


def test_anchors_that_are_no_certificates_are_refused(
    here: Callable[..., Result], signed: bytes, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="not PEM certificates"):
        read_provenance(signed, anchors="nonsense")
    picture, anchors = tmp_path / "one.jpg", tmp_path / "anchors.pem"
    picture.write_bytes(signed)
    anchors.write_text("nonsense")
    result = here("provenance", picture, "--anchors", anchors)
    assert result.exit_code == 2
    assert "not PEM certificates" in result.output


def test_the_command_tells_the_three_states(
    here: Callable[..., Result], authority: Authority, signed: bytes, tmp_path: Path
) -> None:
    picture, anchors = tmp_path / "one.jpg", tmp_path / "anchors.pem"
    picture.write_bytes(signed)
    anchors.write_text(authority.root)
    assert "the signer is not on a trust list" in here("provenance", picture).output
    assert "by a trusted signer" in here("provenance", picture, "--anchors", anchors).output
    picture.write_bytes(repainted(signed))
    assert "INVALID" in here("provenance", picture).output
