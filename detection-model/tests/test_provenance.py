"""Provenance metadata are read, and personal fields are masked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factories import file_bytes, grainy
from hypothesis import given, settings
from hypothesis import strategies as st
from metadata_files import SOURCE_TYPE, packet, plain, with_exif, with_iptc, with_text, with_xmp
from PIL import ExifTags
from typer.testing import Result

from detection_model.imaging import ImageError, decode
from detection_model.provenance.read import read_provenance
from detection_model.provenance.record import Provenance

WEBUI = (
    "portrait of a woman, soft light\nNegative prompt: blurry\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1234, Size: 512x512, Model: v1-5"
)
COMFY = json.dumps({"3": {"class_type": "KSampler", "inputs": {"seed": 5, "steps": 20}}})
PHONE = "Jane Roe's phone"


def claims(data: bytes) -> list[tuple[str, str, str, str]]:
    decode(data)
    result = read_provenance(data)
    assert result.says_generated == bool(result.claims)
    return [(claim.source, claim.field, claim.says, claim.extent) for claim in result.claims]


def values(result: Provenance) -> dict[str, str | None]:
    return {entry.name: entry.value for entry in result.entries}


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
def test_a_plain_file_makes_no_claim(format_: str) -> None:
    data = plain(format_)
    result = read_provenance(data)
    assert (result.says_generated, result.claims, result.problems) == (False, [], [])
    assert result.credentials.state == "none"


@pytest.mark.parametrize(
    "xmp",
    [
        packet(f"<Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPE}CODE</Iptc4xmpExt:DigitalSourceType>"),
        packet(f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{SOURCE_TYPE}CODE"/>'),
        packet(attributes=f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}CODE"'),
    ],
)
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_digital_source_type_separates_generated_from_captured(
    xmp: bytes, format_: str
) -> None:
    for code, extent in (
        ("trainedAlgorithmicMedia", "whole"),
        ("compositeWithTrainedAlgorithmicMedia", "part"),
    ):
        data = with_xmp(xmp.replace(b"CODE", code.encode()), format_)
        assert claims(data) == [("xmp", "Iptc4xmpExt:DigitalSourceType", code, extent)]
    data = with_xmp(xmp.replace(b"CODE", b"digitalCapture"), format_)
    assert claims(data) == []
    assert values(read_provenance(data))["Iptc4xmpExt:DigitalSourceType"] is not None


@pytest.mark.parametrize(
    ("texts", "field", "says"),
    [
        ({"parameters": WEBUI}, "parameters", "Stable Diffusion"),
        ({"prompt": COMFY}, "prompt", "ComfyUI"),
        ({"workflow": '{"last_node_id": 9, "nodes": [], "links": []}'}, "workflow", "ComfyUI"),
        ({"invokeai_metadata": "{}"}, "invokeai_metadata", "InvokeAI"),
        ({"Software": "NovelAI"}, "Software", "NovelAI"),
        ({"Comment": '{"sampler": "k_euler", "steps": 28, "uc": ""}'}, "Comment", "NovelAI"),
        ({"AIGC": '{"Label": "1", "ContentProducer": "x"}'}, "AIGC", "a label of"),
    ],
)
@pytest.mark.parametrize("layout", [{}, {"packed": True}, {"after_pixels": True}])
def test_text_chunks_of_generators_are_recognised(
    texts: dict[str, str], field: str, says: str, layout: dict[str, bool]
) -> None:
    data = with_text(texts, **layout)
    [claim] = claims(data)
    assert claim[:2] == ("text", field)
    assert claim[2].startswith(says)
    assert values(read_provenance(data))[field] == texts[field]


@pytest.mark.parametrize(
    "texts",
    [
        {"parameters": "aperture 2.8"},
        {"prompt": "write a letter"},
        {"Comment": "Steps to the church"},
        {"Software": "GIMP 3.0"},
        {"Title": "A walk by the Midjourney inn"},
        {"AIGC": '{"Label": "3"}'},
        {"workflow": "[" * 100_000},
    ],
)
def test_ordinary_texts_are_not_claims(texts: dict[str, str]) -> None:
    assert claims(with_text(texts)) == []


def test_settings_in_a_jpegs_user_comment_are_recognised_in_every_encoding() -> None:
    for comment in (
        b"UNICODE\0" + WEBUI.encode("utf-16-be"),
        b"UNICODE\0" + WEBUI.encode("utf-16-le"),
        b"ASCII\0\0\0" + WEBUI.encode(),
    ):
        data = with_exif({}, {ExifTags.IFD.Exif: {ExifTags.Base.UserComment: comment}})
        assert [claim[:2] for claim in claims(data)] == [("exif", "UserComment")]
        assert values(read_provenance(data))["UserComment"] == WEBUI


def test_software_tags_of_generators_are_recognised() -> None:
    assert claims(with_exif({ExifTags.Base.Software: "Adobe Firefly 3"}))[0][2] == "Adobe Firefly 3"
    assert claims(with_iptc({110: "Made with Google AI"}))[0][:3] == (
        "iptc",
        "Credit",
        "Made with Google AI",
    )
    xmp = with_xmp(packet(attributes='xmp:CreatorTool="DALL·E 3"'))
    assert claims(xmp)[0][:2] == ("xmp", "xmp:CreatorTool")


def personal_file() -> bytes:
    gps: dict[int, Any] = {
        ExifTags.GPS.GPSLatitudeRef: "N",
        ExifTags.GPS.GPSLatitude: (48.0, 12.0, 34.5678),
        ExifTags.GPS.GPSDateStamp: "2031:07:19",
    }
    camera: dict[int, Any] = {
        ExifTags.Base.BodySerialNumber: "SN-99887766",
        ExifTags.Base.CameraOwnerName: "Jane Roe",
        ExifTags.Base.UserComment: b"ASCII\0\0\0with Jane Roe",
        ExifTags.Base.FNumber: 2.8,
    }
    tags: dict[int, Any] = {
        ExifTags.Base.Artist: "Jane Roe",
        ExifTags.Base.HostComputer: PHONE,
        ExifTags.Base.Make: "Camera & Co",
    }
    return with_exif(tags, {ExifTags.IFD.GPSInfo: gps, ExifTags.IFD.Exif: camera})


def test_places_names_and_serial_numbers_are_masked_by_default() -> None:
    secrets = ("34.5678", "2031:07:19", "SN-99887766", "Jane Roe", "phone")
    data = personal_file()
    public = read_provenance(data)
    text = public.model_dump_json()
    assert not [secret for secret in secrets if secret in text]
    # Masked fields are listed, and harmless ones are shown.
    assert values(public)["GPSLatitude"] is None
    assert values(public)["Make"] == "Camera & Co"
    assert values(public)["FNumber"] == "2.8"
    assert public.masked == 8
    personal = read_provenance(data, personal=True)
    assert personal.masked == 0
    assert [secret for secret in secrets if secret in personal.model_dump_json()] == list(secrets)
    assert values(personal)["GPSLatitude"] == "48.0, 12.0, 34.5678"


@pytest.mark.parametrize(
    "data",
    [
        with_xmp(packet("<dc:creator><rdf:Seq><rdf:li>Jane Roe</rdf:li></rdf:Seq></dc:creator>")),
        with_xmp(packet(attributes='exif:GPSLatitude="Jane Roe"')),
        with_xmp(packet("<photoshop:City>Jane Roe</photoshop:City>"), "PNG"),
        with_iptc({80: "Jane Roe", 120: "Jane Roe in her garden"}),
        with_text({"Author": "Jane Roe", "Description": "Jane Roe"}),
        file_bytes(grainy(1, 64), comment="by Jane Roe"),
        file_bytes(grainy(1, 64), "GIF", comment="by Jane Roe"),
    ],
)
def test_personal_fields_of_every_kind_are_masked(data: bytes) -> None:
    assert b"Jane Roe" in data
    public = read_provenance(data)
    assert public.masked
    assert "Jane Roe" not in public.model_dump_json()
    assert "Jane Roe" in read_provenance(data, personal=True).model_dump_json()


def test_a_generators_own_text_is_shown_without_user_folders_and_addresses() -> None:
    workflow = json.dumps(
        {
            "1": {
                "class_type": "LoadImage",
                "inputs": {"image": "C:\\Users\\jane.roe\\face.png", "to": "jane@roe.org"},
                "models": "/home/jroe/models",
            }
        }
    )
    data = with_text({"prompt": workflow})
    prompt = values(read_provenance(data))["prompt"] or ""
    assert "LoadImage" in prompt
    assert "face.png" in prompt
    assert not [name for name in ("jane", "roe") if name in prompt]
    assert values(read_provenance(data, personal=True))["prompt"] == workflow


def test_long_texts_are_cut() -> None:
    [entry] = read_provenance(with_text({"prompt": "word " * 100_000})).entries
    assert entry.cut
    assert len(entry.value or "") == 8000


def test_entities_are_refused_before_they_grow() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = (
        f'<!DOCTYPE x [<!ENTITY l0 "lol">{laughs}]>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">&l9;</x:xmpmeta>'
    ).encode()
    result = read_provenance(with_xmp(bomb))
    assert result.entries == []
    assert len(result.problems) == 1
    assert "XMP" in result.problems[0]


def test_a_packet_with_a_document_type_is_not_read_at_all() -> None:
    document_type = b'<!DOCTYPE x [<!ENTITY who "Adobe Firefly">]><x:xmpmeta'
    xmp = packet("<xmp:CreatorTool>&who;</xmp:CreatorTool>").replace(b"<x:xmpmeta", document_type)
    result = read_provenance(with_xmp(xmp))
    assert (result.claims, result.entries) == ([], [])
    assert len(result.problems) == 1


@pytest.mark.parametrize(
    "xmp",
    [
        packet("<dc:a>" * 90_000 + "</dc:a>" * 90_000)[: 1024 * 1024],
        b"<a>" * 150_000 + b"</a>" * 150_000,
        packet("<dc:title>x</dc:title>" * 100_000),
        packet().replace(b"utf-8", b"utf-7").replace(b"<x:", b"<y:"),
        b"\xff\xfe<\0",
    ],
)
def test_deep_long_and_broken_packets_cost_a_bounded_amount(xmp: bytes) -> None:
    data = with_xmp(xmp, "PNG")
    assert len(read_provenance(data).entries) < 400


def test_one_damaged_source_does_not_hide_another() -> None:
    exif = with_exif({ExifTags.Base.Software: "Adobe Firefly"})
    xmp = with_xmp(b"<not xml")
    joined = exif[:2] + xmp[2 : xmp.index(b"<not xml") + 8] + exif[2:]
    result = read_provenance(joined)
    assert result.says_generated
    assert result.problems == ["The XMP metadata is damaged or too large and was not read."]


@settings(max_examples=150)
@given(
    st.sampled_from([personal_file(), with_xmp(packet("<dc:title>x</dc:title>"), "PNG")]),
    st.lists(st.tuples(st.floats(0, 0.4), st.integers(0, 255)), min_size=1, max_size=12),
)
def test_damaged_files_are_read_as_far_as_possible(
    file: bytes, damage: list[tuple[float, int]]
) -> None:
    data = bytearray(file)
    for where, value in damage:
        data[int(where * len(data))] = value
    try:
        decode(bytes(data))
    except ImageError:
        return
    read_provenance(bytes(data))


def test_the_command_prints_text_and_json(invoke: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(with_text({"parameters": WEBUI, "Author": "Jane Roe"}))
    result = invoke("provenance", path)
    assert result.exit_code == 0, result.output
    assert "declares itself generated: Stable Diffusion" in result.output
    assert "Jane Roe" not in result.output
    assert "Jane Roe" in invoke("provenance", path, "--personal").output
    record = Provenance.model_validate_json(invoke("provenance", path, "--json").stdout)
    assert record.says_generated
    path.write_bytes(plain("PNG"))
    assert "That proves nothing." in invoke("provenance", path).output
