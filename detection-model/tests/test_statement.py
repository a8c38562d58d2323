"""One statement sums up what a file says about its origin, and no more."""

import json
import subprocess
import sys
from typing import Any

import pytest
from factories import file_bytes, grainy
from metadata_files import (
    SOURCE_TYPE,
    packet,
    plain,
    with_chunks,
    with_exif,
    with_extended_xmp,
    with_gif_xmp,
    with_iptc,
    with_raw_profile,
    with_segments,
    with_stealth,
    with_text,
    with_xmp,
)
from PIL import ExifTags, Image

from detection_model.imaging import decode
from detection_model.provenance.generators import generators
from detection_model.provenance.read import read_provenance, read_statement
from detection_model.provenance.record import Statement

SETTINGS = (
    "a face, soft light\nNegative prompt: blurry\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1234, Size: 512x512"
)
GRAPH = {"3": {"class_type": "KSampler", "inputs": {"seed": 5}, "is_changed": [float("nan")]}}
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"


def statement(data: bytes) -> Statement:
    decode(data)
    result = read_statement(data)
    assert result == read_provenance(data).statement
    return result


def summary(data: bytes) -> tuple[str, str | None, str | None]:
    result = statement(data)
    return result.claim, result.by, result.where


def comment(text: bytes) -> bytes:
    return with_exif({}, {ExifTags.IFD.Exif: {ExifTags.Base.UserComment: text}})


def typed(value: str, field: str = "Iptc4xmpExt:DigitalSourceType") -> bytes:
    return packet(attributes=f'{field}="{value}"')


GENERATED = typed(f"{SOURCE_TYPE}trainedAlgorithmicMedia")


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
def test_a_plain_file_makes_no_claim(format_: str) -> None:
    result = statement(plain(format_))
    assert (result.claim, result.by, result.where, result.trust) == ("none", None, None, "none")


def test_a_camera_is_named_and_metadata_is_not_verified() -> None:
    exposure: dict[int, dict[int, Any]] = {ExifTags.IFD.Exif: {ExifTags.Base.FNumber: 2.8}}
    data = with_exif({ExifTags.Base.Make: "Canon", ExifTags.Base.Model: "Canon R5"}, exposure)
    result = statement(data)
    assert (result.claim, result.by, result.where, result.trust) == (
        "camera",
        "Canon R5",
        "exif",
        "unverified",
    )
    assert "anyone can write this" in result.message
    # A scanner or an editor writes a make without an exposure.
    assert statement(with_exif({ExifTags.Base.Make: "Canon"})).claim == "none"
    assert summary(with_xmp(typed("digitalCapture"))) == ("camera", None, "xmp")


def test_the_strongest_claim_counts() -> None:
    exposure: dict[int, dict[int, Any]] = {ExifTags.IFD.Exif: {ExifTags.Base.FNumber: 2.8}}
    camera = with_exif({ExifTags.Base.Make: "Canon"}, exposure)
    edited = packet(attributes='photoshop:Credit="Edited with Google AI"')
    assert summary(with_segments((0xE1, XMP_HEAD + edited), data=camera)) == (
        "edited_with_ai",
        "Google AI",
        "xmp",
    )
    both = with_segments((0xE1, XMP_HEAD + edited), (0xE1, XMP_HEAD + GENERATED), data=camera)
    assert statement(both).claim == "generated"


@pytest.mark.parametrize(
    "value",
    [
        "trainedAlgorithmicMedia",
        f"{SOURCE_TYPE}trainedAlgorithmicMedia/ ",
        f"{SOURCE_TYPE}trainedAlgorithmicMedia?lang=x-en-GB",
        f"{SOURCE_TYPE[:-1]}#trainedAlgorithmicMedia",
        f"{SOURCE_TYPE}trainedAlgorithmicMedia#",
        "digsrctype:trainedAlgorithmicMedia",
        "Trained algorithmic media",
        "Created using Generative AI",
    ],
)
def test_source_types_are_read_in_every_notation(value: str) -> None:
    assert statement(with_xmp(typed(value))).claim == "generated"


def test_the_old_name_of_the_field_counts() -> None:
    xmp = typed("trainedAlgorithmicMedia", "Iptc4xmpExt:DigitalSourcefileType")
    assert statement(with_xmp(xmp)).claim == "generated"


@pytest.mark.parametrize(
    ("code", "claim"),
    [
        ("algorithmicMedia", "generated"),
        ("compositeWithTrainedAlgorithmicMedia", "edited_with_ai"),
        ("compositeSynthetic", "edited_with_ai"),
        ("computationalCapture", "camera"),
        ("Digital capture sampled from real life", "camera"),
        ("Digitised from a transparent negative", "camera"),
        ("algorithmicallyEnhanced", "none"),
        ("digitalCreation", "none"),
        ("screenCapture", "none"),
    ],
)
def test_every_source_type_has_its_claim(code: str, claim: str) -> None:
    data = with_xmp(typed(SOURCE_TYPE + code))
    assert statement(data).claim == claim
    assert code in (read_provenance(data).entries[0].value or "")


@pytest.mark.parametrize(
    "data",
    [
        with_gif_xmp(GENERATED),
        with_extended_xmp(GENERATED),
        with_segments((0xE1, XMP_HEAD + packet()), (0xE1, XMP_HEAD + GENERATED)),
        with_segments((0xE1, XMP_HEAD + GENERATED.decode().encode("utf-16"))),
        with_chunks((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + GENERATED), after_pixels=True),
        with_chunks((b"tEXt", b"XML:com.adobe.xmp\0" + GENERATED)),
        with_raw_profile("xmp", GENERATED),
        with_raw_profile("APP1", XMP_HEAD + GENERATED),
        with_xmp(GENERATED, "WEBP"),
        with_xmp(GENERATED, "TIFF"),
        with_xmp(GENERATED, "TIFF", big_tiff=True),
        with_xmp(GENERATED, "HEIF"),
        with_xmp(GENERATED, "AVIF"),
    ],
    ids=[
        *("gif", "extended", "second", "utf16", "after", "text", "raw", "app1", "webp", "tiff"),
        *("bigtiff", "heic", "avif"),
    ],
)
def test_a_packet_is_read_in_every_place(data: bytes) -> None:
    assert statement(data).claim == "generated"
    assert read_provenance(data).problems == []


def test_iptc_records_are_read_from_raw_profiles_and_across_segments() -> None:
    whole = with_iptc({110: "Made with Google AI"})
    at = whole.index(b"Photoshop 3.0\0") + 14
    resources = whole[at : at + int.from_bytes(whole[4:6]) - 16]
    assert summary(with_raw_profile("iptc", resources)) == ("generated", "Google AI", "iptc")
    middle = len(resources) // 2
    head = b"Photoshop 3.0\0"
    split = with_segments((0xED, head + resources[:middle]), (0xED, head + resources[middle:]))
    assert summary(split) == ("generated", "Google AI", "iptc")


def test_an_incomplete_extended_packet_is_reported() -> None:
    data = with_extended_xmp(GENERATED)
    at = data.index(b"http://ns.adobe.com/xmp/extension/\0") - 4
    length = int.from_bytes(data[at + 2 : at + 4])
    result = read_provenance(data[:at] + data[at + 2 + length :])
    assert result.problems == ["The XMP metadata is incomplete and was not read."]


def test_the_iptc_fields_of_2025_declare_the_use_of_ai() -> None:
    xmp = packet(attributes='Iptc4xmpExt:AISystemUsed="ExampleGen"')
    assert summary(with_xmp(xmp)) == ("edited_with_ai", "ExampleGen", "xmp")
    prompt = packet(
        attributes='Iptc4xmpExt:AIPromptInformation="a face" '
        'Iptc4xmpExt:AIPromptWriterName="Jane Roe"'
    )
    assert statement(with_xmp(prompt)).claim == "edited_with_ai"
    assert "Jane Roe" not in read_provenance(with_xmp(prompt)).model_dump_json()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("AISystemVersionUsed", "4.5"),
        ("AIPromptWriterName", "Jane Roe"),
        ("AIPromptInformation", "A beach without people, no clouds"),
    ],
)
def test_each_iptc_field_of_2025_by_itself_declares_the_use_of_ai(field: str, value: str) -> None:
    data = with_xmp(packet(attributes=f'Iptc4xmpExt:{field}="{value}"'))
    assert statement(data).claim == "edited_with_ai"
    assert "Jane Roe" not in read_provenance(data).model_dump_json()


@pytest.mark.parametrize("label", ["prompt:", "Prompt: "])
@pytest.mark.parametrize("tag", [ExifTags.Base.Make, ExifTags.Base.ImageDescription])
def test_a_graph_in_exif_is_not_a_camera(label: str, tag: int) -> None:
    data = with_exif({tag: label + json.dumps(GRAPH)})
    assert summary(data) == ("generated", "ComfyUI", "exif")
    assert [entry.name for entry in read_provenance(data).entries] == ["prompt"]


@pytest.mark.parametrize(
    ("data", "by"),
    [
        (comment(b"ASCII\0\0\0" + json.dumps(GRAPH).encode()), "ComfyUI"),
        (comment(b"ASCII\0\0\0" + json.dumps({"prompt": GRAPH}).encode()), "ComfyUI"),
        (comment(b"UNICODE\0" + SETTINGS.encode()), "Stable Diffusion"),
        (with_exif({ExifTags.Base.ImageDescription: SETTINGS}), "Stable Diffusion"),
        (
            with_text({"Comment": "Steps: 20, Seed: 1234, Size: 512x512, Sampler: Euler a"}),
            "Stable Diffusion",
        ),
        (
            comment(b'ASCII\0\0\0{"c":"","uc":"","seed":1,"steps":8,"scale":1,"sampler":"E"}'),
            "Draw Things",
        ),
        (comment(b'ASCII\0\0\0{"sui_image_params": {"prompt": ""}}'), "SwarmUI"),
        (
            with_text({"generation_data": '{"models":[],"prompt":"","samplerName":"E"}'}),
            "TensorArt",
        ),
        (
            with_text({"prompt": "a", "seed": "1", "use_stable_diffusion_model": "x"}),
            "Easy Diffusion",
        ),
        (
            with_text({"prompt": "a", "num_inference_steps": "9", "guidance_scale": "7"}),
            "Hugging Face Diffusers",
        ),
        (with_text({"Comment": '{"sampler":"k_euler","steps":28,"uc":""}'}), "NovelAI"),
        (with_exif({ExifTags.Base.Make: "Black Forest Labs"}), "Black Forest Labs FLUX"),
        (
            with_exif(
                {
                    ExifTags.Base.ImageDescription: "Signature: " + "QUJD" * 20 + "==",
                    ExifTags.Base.Artist: "00000000-1111-4222-8333-444444444444",
                }
            ),
            "Grok",
        ),
    ],
)
def test_a_tool_is_named_by_its_own_fields(data: bytes, by: str) -> None:
    result = statement(data)
    assert (result.claim, result.by) == ("generated", by)


@pytest.mark.parametrize("alpha", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_settings_in_the_lowest_bits_of_the_pixels_are_read(alpha: bool, packed: bool) -> None:
    data = with_stealth(SETTINGS, alpha=alpha, packed=packed)
    assert summary(data) == ("generated", "Stable Diffusion", "pixels")
    assert read_provenance(data).entries[0].value == SETTINGS


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_settings_in_the_transparency_of_webp_are_read(lossless: bool, packed: bool) -> None:
    data = with_stealth(SETTINGS, packed=packed, container="WEBP", lossless=lossless, method=0)
    assert summary(data) == ("generated", "Stable Diffusion", "pixels")
    assert read_provenance(data).entries[0].value == SETTINGS


def test_a_webp_file_cut_off_in_its_header_has_no_statement() -> None:
    data = with_stealth(SETTINGS, container="WEBP", lossless=True, method=0)
    for length in range(12, 40):
        assert read_provenance(data[:length]).entries == []


def test_the_trailer_of_galaxy_phones_declares_the_use_of_ai() -> None:
    editor = b'PhotoEditor_Re_Edit_Data{"genAIType":%d}SEFHxxxxSEFT'
    assert summary(plain() + editor % 1) == ("edited_with_ai", "Samsung Galaxy AI", "trailer")
    assert statement(plain() + editor % 0).claim == "none"


@pytest.mark.parametrize(
    ("field", "value", "claim", "by"),
    [
        ("photoshop:Credit", "Made with Google AI", "generated", "Google AI"),
        ("photoshop:Credit", "Edited with Google AI", "edited_with_ai", "Google AI"),
        ("photoshop:Credit", "Apple Photos Clean Up", "edited_with_ai", "Apple Clean Up"),
        ("photoshop:Credit", "Generative Fill", "edited_with_ai", "Adobe Generative Fill"),
        ("xmp:CreatorTool", "Gemini 2.5 Flash Image", "generated", "Google Gemini"),
        ("xmp:CreatorTool", "gpt-image-1", "generated", "GPT Image"),
        ("xmp:CreatorTool", "DALL·E 3", "generated", "DALL·E"),
        ("xmp:CreatorTool", "Firefly Image 4", "generated", "Adobe Firefly"),
        ("xmp:CreatorTool", "Recraft V3", "generated", "Recraft"),
        ("xmp:CreatorTool", "Grok", "generated", "Grok"),
        ("xmp:CreatorTool", "Midjourney v7 (web)", "generated", "Midjourney"),
        ("photoshop:Credit", "AI-generated image", "generated", None),
        ("photoshop:Credit", "Adobe Firefly", "generated", "Adobe Firefly"),
        ("photoshop:Credit", "Created using DALL-E 3", "generated", "DALL·E"),
        ("photoshop:Credit", "Generated by xAI", "generated", "Grok"),
        ("photoshop:Credit", "Edited with Magic Editor", "edited_with_ai", "Google AI"),
        ("photoshop:Credit", "Made with Image Playground", "generated", "Apple Image Playground"),
        ("xmp:CreatorTool", "nano-banana", "generated", "Google Gemini"),
        ("xmp:CreatorTool", "FLUX.1 [dev]", "generated", "Black Forest Labs FLUX"),
        ("xmp:CreatorTool", "ComfyUI", "generated", "ComfyUI"),
        ("xmp:CreatorTool", "Sora", "generated", "Sora"),
    ],
)
def test_vendors_are_named(field: str, value: str, claim: str, by: str | None) -> None:
    result = statement(with_xmp(packet(attributes=f'{field}="{value}"')))
    assert (result.claim, result.by) == (claim, by)


@pytest.mark.parametrize(
    "data",
    [
        with_xmp(packet(attributes='photoshop:Credit="not AI-generated"')),
        with_xmp(packet(attributes='photoshop:Credit="No generative AI"')),
        with_xmp(packet(attributes='photoshop:Credit="Midjourney press office / Jane Roe"')),
        with_xmp(packet(attributes='xmp:CreatorTool="Imagen 4 Lightroom plugin"')),
        with_xmp(packet(attributes='xmp:CreatorTool="Imagen"')),
        with_xmp(packet(attributes='xmp:CreatorTool="Flux Capacitor"')),
        with_xmp(packet(attributes='xmp:CreatorTool="Aurora"')),
        with_xmp(packet(attributes='photoshop:Credit="Firefly"')),
        with_xmp(packet(attributes='Iptc4xmpExt:AISystemUsed="none"')),
        with_xmp(packet(attributes='Iptc4xmpExt:AISystemUsed="No AI"')),
        with_xmp(packet(attributes='Iptc4xmpExt:AIPromptInformation="N/A"')),
        with_xmp(packet(attributes='xmp:CreatorTool="Adobe Photoshop 26.0 (Windows)"')),
        with_iptc({120: "Visitors of a Midjourney and Stable Diffusion exhibition"}),
        with_iptc({120: "Steps: 20, then left. Seed: none"}),
        with_exif({ExifTags.Base.ImageDescription: "Steps: 20, then a turn to the left"}),
        with_exif({ExifTags.Base.Artist: "Stable Diffusion"}),
        with_exif({ExifTags.Base.ImageDescription: "Signature: Jane Roe"}),
        with_text({"Comment": '{"sampler": "piano", "steps": 16, "uc": 3}'}),
        with_text({"Comment": "Bread. Steps: 3, Time: 2 h, Flour: rye, Seed: 2 spoons of caraway"}),
        with_text({"workflow": '{"nodes": [], "links": []}'}),
        with_text({"prompt": '{"question": "Who?"}'}),
        with_text({"prompt": "press any key", "seed": "basil"}),
    ],
)
def test_a_mention_is_not_a_claim(data: bytes) -> None:
    assert statement(data).claim == "none"
    assert read_provenance(data).claims == []


def test_an_embedded_thumbnail_makes_no_claim_about_the_picture() -> None:
    small = with_segments((0xE1, XMP_HEAD + GENERATED), data=file_bytes(grainy(1, 64)))
    assert statement(with_thumbnail(small)).claim == "none"


def with_thumbnail(thumbnail: bytes, data: bytes | None = None) -> bytes:
    """A JPEG file with an EXIF thumbnail."""
    tags = b"\x01\x02\x04\0\x01\0\0\0\x32\0\0\0\x02\x02\x04\0\x01\0\0\0" + len(thumbnail).to_bytes(
        4, "little"
    )
    tiff = b"II*\0\x08\0\0\0\0\0\x0e\0\0\0" + b"\x02\0" + tags + b"\0\0\0\0"
    tiff = tiff.ljust(0x32, b"\0") + thumbnail
    return with_segments((0xE1, b"Exif\0\0" + tiff), data=data or file_bytes(grainy(1, 64)))


def test_data_after_the_picture_is_listed() -> None:
    archive = b"PK\3\4" + b"x" * 40 + b"PK\5\6" + b"\0" * 18
    video = b"\0\0\0\x18ftypmp42" + b"\0" * 100
    for extra, kind in (
        (archive, "archive"),
        (video, "video"),
        (plain(), "picture"),
        (plain().replace(b"JFIF", b"hdrgm", 1), "gain_map"),
        (b"whatever", "unknown"),
    ):
        (attachment,) = read_provenance(plain() + extra).attachments
        assert (attachment.kind, attachment.size_bytes) == (kind, len(extra))
    (attachment,) = read_provenance(plain("PNG") + archive).attachments
    assert attachment.kind == "archive"
    for format_ in ("JPEG", "PNG", "WEBP", "GIF"):
        assert read_provenance(plain(format_)).attachments == []
    assert read_provenance(plain() + b"\0" * 16).attachments == []


def gradient(*, turned: bool = False) -> Image.Image:
    ramp = Image.linear_gradient("L").resize((96, 96))
    return (ramp.rotate(180) if turned else ramp).convert("RGB")


def test_a_thumbnail_of_another_picture_is_listed() -> None:
    same, other = (file_bytes(gradient(turned=turned), quality=60) for turned in (False, True))
    data = file_bytes(gradient(), quality=90)
    assert read_provenance(with_thumbnail(same, data)).attachments == []
    (attachment,) = read_provenance(with_thumbnail(other, data)).attachments
    assert (attachment.kind, attachment.size_bytes) == ("thumbnail", len(other))


def test_every_generator_of_the_data_file_can_be_recognised() -> None:
    for generator in generators():
        ways = (generator.software, generator.credit, generator.fields, generator.keys)
        assert any((*ways, generator.layout, generator.together)), generator.name


def test_a_file_without_metadata_does_not_load_the_credentials_library() -> None:
    code = (
        "import io, sys\n"
        "from PIL import Image\n"
        "from detection_model.provenance.read import read_statement\n"
        "file = io.BytesIO()\n"
        "Image.new('RGB', (64, 64)).save(file, 'JPEG')\n"
        "read_statement(file.getvalue())\n"
        "assert 'c2pa' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
