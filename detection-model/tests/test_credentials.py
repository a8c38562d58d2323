"""Credentials, really signed, are trusted, of an unknown signer, or invalid."""

import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from certificates import EARLIER, SOURCE_TYPE, Authority
from factories import file_bytes, grainy
from metadata_files import plain
from typer.testing import Result

from detection_model.imaging import decode
from detection_model.provenance.read import read_provenance, read_statement
from detection_model.provenance.record import Credentials, Statement


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
    assert "Valid, unknown signer" in here("provenance", picture).output
    assert "Valid, trusted signer" in here("provenance", picture, "--anchors", anchors).output
    picture.write_bytes(repainted(signed))
    assert "(C2PA): Invalid" in here("provenance", picture).output


GENERATED = f"{SOURCE_TYPE}trainedAlgorithmicMedia"
_CREATED = {"action": "c2pa.created", "digitalSourceType": f"{SOURCE_TYPE}digitalCreation"}


def edited(authority: Authority, relationship: str, earlier: bytes) -> bytes:
    """A file that an editor made from an earlier one and signed again."""
    uses = {"parameters": {"ingredientIds": [EARLIER]}}
    actions: list[dict[str, Any]] = [{"action": "c2pa.opened", **uses}, {"action": "c2pa.resized"}]
    if relationship != "parentOf":
        actions = [_CREATED]
    if relationship == "componentOf":
        actions += [{"action": "c2pa.placed", **uses}]
    return authority.sign(
        plain(),
        assertions={"c2pa.actions.v2": {"actions": actions}},
        ingredients={relationship: earlier},
    )


def statement(data: bytes, anchors: str | None = None) -> Statement:
    decode(data)
    return read_statement(data, anchors=anchors)


def test_what_earlier_credentials_say_counts_at_any_depth(
    authority: Authority, signed: bytes
) -> None:
    data = signed
    for _ in range(4):
        data = edited(authority, "parentOf", data)
        found = statement(data, authority.root)
        assert (found.claim, found.by, found.where) == ("generated", "Painter", "c2pa")
        assert (found.earlier, found.trust) == (True, "trusted")
        assert "an earlier version" in found.message


@pytest.mark.parametrize("relationship", ["componentOf", "inputTo"])
def test_a_generated_component_makes_a_part(
    authority: Authority, signed: bytes, relationship: str
) -> None:
    found = statement(edited(authority, relationship, signed))
    assert (found.claim, found.earlier) == ("edited_with_ai", True)
    # What came of it is the whole of the next picture, but still generated in part.
    again = edited(authority, "parentOf", edited(authority, relationship, signed))
    assert statement(again).claim == "edited_with_ai"


def test_a_camera_s_picture_stays_one_after_an_edit(authority: Authority) -> None:
    camera = authority.sign(plain(), source_type="computationalCapture")
    for data, earlier in ((camera, False), (edited(authority, "parentOf", camera), True)):
        found = statement(data)
        assert (found.claim, found.earlier, found.trust) == ("camera", earlier, "unknown_signer")
    # A photo in a collage says nothing of the collage.
    assert statement(edited(authority, "componentOf", camera)).claim == "none"


def test_an_earlier_signer_outside_the_trust_list_is_not_trusted(authority: Authority) -> None:
    stranger = Authority().sign(file_bytes(grainy(1, 96), quality=90))
    found = statement(edited(authority, "parentOf", stranger), authority.root)
    assert (found.claim, found.trust) == ("generated", "unknown_signer")


def test_a_changed_earlier_version_is_broken(authority: Authority, signed: bytes) -> None:
    found = statement(edited(authority, "parentOf", repainted(signed)), authority.root)
    assert (found.claim, found.trust) == ("generated", "broken")


@pytest.mark.parametrize(
    ("assertions", "claim"),
    [
        (
            {
                "c2pa.actions.v2": {
                    "actions": [
                        {
                            **_CREATED,
                            "parameters": {"com.adobe.digitalSourceType": GENERATED},
                        }
                    ]
                }
            },
            "generated",
        ),
        (
            {
                "c2pa.actions.v2": {
                    "actions": [_CREATED],
                    "templates": [{"action": "c2pa.created", "digitalSourceType": GENERATED}],
                }
            },
            "generated",
        ),
        (
            {
                "c2pa.actions.v2": {"actions": [_CREATED]},
                "stds.iptc": {
                    "@context": {"Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"},
                    "Iptc4xmpExt:DigitalSourceType": GENERATED,
                },
            },
            "generated",
        ),
        (
            {
                "c2pa.actions.v2": {"actions": [_CREATED]},
                "stds.schema-org.CreativeWork": {
                    "@context": "https://schema.org",
                    "@type": "CreativeWork",
                    "digitalSourceType": GENERATED,
                },
            },
            "generated",
        ),
        (
            {
                "c2pa.actions.v2": {
                    "actions": [
                        _CREATED,
                        {"action": "c2pa.edited", "digitalSourceType": GENERATED},
                    ]
                }
            },
            "edited_with_ai",
        ),
        (
            {
                "c2pa.actions.v2": {"actions": [_CREATED]},
                "cawg.training-mining": {
                    "entries": {"cawg.ai_generative_training": {"use": "notAllowed"}}
                },
            },
            "none",
        ),
    ],
    ids=["parameter", "template", "iptc", "creative-work", "eraser", "do-not-train"],
)
def test_source_types_are_read_wherever_a_manifest_has_them(
    authority: Authority, assertions: dict[str, Any], claim: str
) -> None:
    assert statement(authority.sign(plain(), assertions=assertions)).claim == claim


def test_a_pretender_s_name_is_not_verified(here: Callable[..., Result], tmp_path: Path) -> None:
    data = Authority("OpenAI, L.L.C.").sign(plain())
    found = statement(data)
    assert found.trust == "unknown_signer"
    assert "not verified" in found.message
    path = tmp_path / "one.jpg"
    path.write_bytes(data)
    output = " ".join(here("provenance", path).output.split())
    assert "signer: OpenAI, L.L.C. (this name is not verified)" in output


def test_broken_and_remote_credentials_are_no_silence(authority: Authority, signed: bytes) -> None:
    at = signed.index(b"c2pa.claim")
    damaged = statement(signed[:at] + b"\xff" * 30 + signed[at + 30 :])
    assert (damaged.claim, damaged.where, damaged.trust) == ("none", "c2pa", "broken")
    remote = statement(authority.sign(plain(), remote="https://example.org/manifest.c2pa"))
    assert (remote.claim, remote.trust) == ("none", "unverified")
    assert "another server" in remote.message


def test_a_deeply_nested_assertion_is_read_without_recursion(authority: Authority) -> None:
    nested: dict[str, Any] = {"digitalSourceType": GENERATED}
    for _ in range(60):
        nested = {"inner": [nested]}
    created = {"c2pa.actions.v2": {"actions": [_CREATED]}}
    data = authority.sign(plain(), assertions={**created, "org.example.deep": nested})
    assert statement(data).claim == "generated"
