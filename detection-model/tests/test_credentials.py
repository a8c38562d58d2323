"""Signed C2PA credentials are trusted, of an unknown signer, or invalid."""

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
    result = read_provenance(signed)
    assert result.credentials.state == "unknown_signer"
    assert result.credentials.signer == "Test Press"
    assert result.credentials.generator == "Paint Shop 7"
    assert result.credentials.problems == []
    [claim] = result.claims
    assert (claim.source, claim.field, claim.says, claim.extent, claim.signature) == (
        "c2pa",
        "c2pa.created",
        "trainedAlgorithmicMedia",
        "whole",
        "unknown_signer",
    )
    assert result.says_generated


def test_a_signer_below_an_anchor_is_trusted(authority: Authority, signed: bytes) -> None:
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
        result = read_provenance(changed, anchors=anchors)
        assert result.credentials.state == "invalid"
        assert result.credentials.problems == ["assertion.dataHash.mismatch"]
        # The claim is still listed, marked as invalid.
        assert [claim.signature for claim in result.claims] == ["invalid"]


def test_a_changed_statement_is_invalid(authority: Authority, signed: bytes) -> None:
    changed = signed.replace(b"trainedAlgorithmicMedia", b"trainedAlgorithmicmedia")
    assert changed != signed
    result = credentials(changed, authority.root)
    assert result.state == "invalid"
    assert "assertion.hashedURI.mismatch" in result.problems


def test_credentials_moved_to_another_picture_are_invalid(
    authority: Authority, signed: bytes
) -> None:
    own, other = file_bytes(grainy(1, 96), quality=90), file_bytes(grainy(2, 96), quality=90)
    # Inserted after the first bytes, which all JPEG files share.
    end = len(signed) - len(own) + 20
    assert signed[end:] == own[20:]
    assert credentials(signed[:end] + other[20:], authority.root).state == "invalid"


def test_damaged_credentials_are_invalid(signed: bytes) -> None:
    at = signed.index(b"c2pa.claim")
    damaged = signed[:at] + b"\xff" * 30 + signed[at + 30 :]
    assert credentials(damaged).state == "invalid"


def test_a_plain_file_has_no_credentials() -> None:
    assert credentials(plain()).state == "none"


def test_camera_credentials_do_not_claim_generation(authority: Authority) -> None:
    result = read_provenance(authority.sign(plain(), source_type="digitalCapture"))
    assert not result.says_generated
    [creation] = [action for action in result.credentials.actions if action.source_type]
    assert (creation.action, creation.software, creation.source_type) == (
        "c2pa.created",
        "Painter",
        "digitalCapture",
    )


def test_the_signers_name_is_shown_only_on_request(signed: bytes) -> None:
    assert "Jane Roe" not in read_provenance(signed).model_dump_json()
    personal = read_provenance(signed, personal=True).credentials
    assert personal.signer_name == "Jane Roe"


def test_credentials_on_a_server_are_not_fetched(authority: Authority) -> None:
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/manifest.c2pa"
        result = credentials(authority.sign(plain(), remote=address))
        server.shutdown()
        thread.join()
    assert result.state == "not_checked"
    assert result.reason == "The credentials are on another server, which is not contacted."
    assert requests == []


def test_without_the_library_credentials_are_not_checked(
    signed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    result = read_provenance(signed)
    assert result.credentials.state == "not_checked"
    assert "detection-model[provenance]" in (result.credentials.reason or "")
    assert not result.says_generated


def test_anchors_that_are_not_certificates_are_refused(
    invoke: Callable[..., Result], signed: bytes, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="not PEM certificates"):
        read_provenance(signed, anchors="nonsense")
    picture, anchors = tmp_path / "picture.jpg", tmp_path / "anchors.pem"
    picture.write_bytes(signed)
    anchors.write_text("nonsense")
    result = invoke("provenance", picture, "--anchors", anchors)
    assert result.exit_code == 2
    assert "not PEM certificates" in result.output


def test_the_command_prints_each_of_the_three_states(
    invoke: Callable[..., Result], authority: Authority, signed: bytes, tmp_path: Path
) -> None:
    picture, anchors = tmp_path / "picture.jpg", tmp_path / "anchors.pem"
    picture.write_bytes(signed)
    anchors.write_text(authority.root)
    assert "Valid, unknown signer" in invoke("provenance", picture).output
    assert "Valid, trusted signer" in invoke("provenance", picture, "--anchors", anchors).output
    picture.write_bytes(repainted(signed))
    assert "(C2PA): Invalid" in invoke("provenance", picture).output


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


def test_claims_of_earlier_credentials_count_at_any_depth(
    authority: Authority, signed: bytes
) -> None:
    data = signed
    for _ in range(4):
        data = edited(authority, "parentOf", data)
        result = statement(data, authority.root)
        assert (result.claim, result.by, result.where) == ("generated", "Painter", "c2pa")
        assert (result.earlier, result.trust) == (True, "trusted")
        assert "an earlier version" in result.message


@pytest.mark.parametrize("relationship", ["componentOf", "inputTo"])
def test_a_generated_component_means_edited_with_ai(
    authority: Authority, signed: bytes, relationship: str
) -> None:
    result = statement(edited(authority, relationship, signed))
    assert (result.claim, result.earlier) == ("edited_with_ai", True)
    # The result is the whole of the next picture, yet only a part is generated.
    again = edited(authority, "parentOf", edited(authority, relationship, signed))
    assert statement(again).claim == "edited_with_ai"


def test_a_camera_picture_stays_one_after_an_edit(authority: Authority) -> None:
    camera = authority.sign(plain(), source_type="computationalCapture")
    for data, earlier in ((camera, False), (edited(authority, "parentOf", camera), True)):
        result = statement(data)
        assert (result.claim, result.earlier, result.trust) == ("camera", earlier, "unknown_signer")
    # A photo in a collage does not make the collage a photo.
    assert statement(edited(authority, "componentOf", camera)).claim == "none"


def test_an_earlier_signer_outside_the_trust_list_is_not_trusted(authority: Authority) -> None:
    stranger = Authority().sign(file_bytes(grainy(1, 96), quality=90))
    result = statement(edited(authority, "parentOf", stranger), authority.root)
    assert (result.claim, result.trust) == ("generated", "unknown_signer")


def test_a_changed_earlier_version_is_broken(authority: Authority, signed: bytes) -> None:
    result = statement(edited(authority, "parentOf", repainted(signed)), authority.root)
    assert (result.claim, result.trust) == ("generated", "broken")


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


def test_the_name_of_an_impostor_is_marked_as_not_verified(
    invoke: Callable[..., Result], tmp_path: Path
) -> None:
    data = Authority("OpenAI, L.L.C.").sign(plain())
    result = statement(data)
    assert result.trust == "unknown_signer"
    assert "not verified" in result.message
    path = tmp_path / "picture.jpg"
    path.write_bytes(data)
    output = " ".join(invoke("provenance", path).output.split())
    assert "signer: OpenAI, L.L.C. (this name is not verified)" in output


def test_broken_and_remote_credentials_are_reported(authority: Authority, signed: bytes) -> None:
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
