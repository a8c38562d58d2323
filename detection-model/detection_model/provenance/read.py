"""Reads the metadata, credentials and attachments of a file, and masks personal values.

Attachments are data besides the picture: archives, videos, gain maps, odd thumbnails.
"""

import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image

from detection_model.imaging import FORMATS
from detection_model.measures import Floats
from detection_model.provenance import generators
from detection_model.provenance.blocks import Blocks, end_of_jpeg, load_exif, read_blocks
from detection_model.provenance.credentials import Signed, read_credentials, unsigned
from detection_model.provenance.metadata import Pair, read_exif, read_iptc, read_xmp
from detection_model.provenance.record import (
    Attachment,
    AttachmentKind,
    Capture,
    Claim,
    Entry,
    Provenance,
    Source,
    Statement,
    sum_up,
)

_SIDE = 24
# Correlation of grey levels below which a thumbnail is of another picture: crops of one picture
# are above 0.5, and pictures of different scenes between -0.3 and 0.3.
_SAME = 0.2
_MAX_THUMBNAIL = 256 * 1024
_MAX_TRAILER = 4 * 1024 * 1024
# Galaxy phones append their editor's records, which end with this mark.
_SAMSUNG = b"SEFT"
_GENERATED = re.compile(rb'"genAIType"\s*:\s*"?(\d{1,3})')


def attachments(data: bytes, blocks: Blocks) -> list[Attachment]:
    """Data besides the picture, and an EXIF thumbnail that shows something else."""
    result = []
    rest = _trailing_data(data, blocks)
    if rest.strip(b"\0 \r\n"):
        kind = _kind(rest)
        if kind == "picture" and any(b"hdrgm" in packet for packet in blocks.xmp):
            kind = "gain_map"  # Ultra HDR
        result.append(Attachment(kind=kind, size_bytes=len(rest)))
    for block in blocks.exif[:1]:
        thumbnail = _thumbnail(block)
        if thumbnail and _differs(thumbnail, data):
            result.append(Attachment(kind="thumbnail", size_bytes=len(thumbnail)))
    return result


def trailer_texts(data: bytes, blocks: Blocks) -> Iterator[Pair]:
    """Texts that the editor of a phone writes after the picture."""
    if data.rstrip(b"\0")[-4:] == _SAMSUNG:
        for match in _GENERATED.finditer(_trailing_data(data, blocks)[-_MAX_TRAILER:]):
            yield "genAIType", f'"genAIType": {match[1].decode()}'


def _trailing_data(data: bytes, blocks: Blocks) -> bytes:
    is_jpeg = data.startswith(b"\xff\xd8")
    return data[end_of_jpeg(data, blocks.end) if is_jpeg else blocks.end :]


def _kind(rest: bytes) -> AttachmentKind:
    if b"PK\5\6" in rest[-65_600:] or rest.startswith((b"Rar!", b"7z\xbc\xaf")):
        return "archive"
    if b"ftyp" in rest[:4096] or b"MotionPhoto_Data" in rest[-4096:]:
        return "video"
    if rest.startswith(b"\xff\xd8"):
        first = rest[:65_536]
        return "gain_map" if b"hdrgm" in first or b"hdrgainmap" in first.lower() else "picture"
    return "unknown"


def _thumbnail(block: bytes) -> bytes | None:
    try:
        with warnings.catch_warnings(action="ignore"):
            tags = load_exif(block).get_ifd(ExifTags.IFD.IFD1)
        at, length = int(tags[0x0201]), int(tags[0x0202])
    except Exception:  # noqa: BLE001  Pillow raises nearly anything for broken EXIF
        return None
    return block[at : at + length] if 0 < length <= _MAX_THUMBNAIL else None


def _differs(thumbnail: bytes, data: bytes) -> bool:
    try:
        small, whole = _grey(thumbnail), _grey(data)
    except Exception:  # noqa: BLE001  decoders raise nearly anything on hostile bytes
        return False
    if small.std() < 1 or whole.std() < 1:
        return False
    return float(np.corrcoef(small.ravel(), whole.ravel())[0, 1]) < _SAME


def _grey(data: bytes) -> Floats:
    """A small grey copy of a picture without black bars, as phones lay around thumbnails."""
    with (
        warnings.catch_warnings(action="ignore"),
        Image.open(io.BytesIO(data), formats=FORMATS) as image,
    ):
        image.draft("L", (_SIDE * 8, _SIDE * 8))
        grey = image.convert("L")
    box = grey.point(lambda level: 255 if level > 24 else 0).getbbox()
    return np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BOX, box), np.float64)


# Limits in characters and entries.
_MAX_VALUE = 8000
_MAX_NAME = 200
_MAX_ENTRIES = 500
# Blocks of one kind that are read: cameras and editors write one or two.
_MAX_BLOCKS = 8
_EXPOSURE = frozenset(("exposuretime", "fnumber", "isospeedratings", "focallength"))


class _Field(NamedTuple):
    source: Source
    name: str
    value: str


class _Reading(NamedTuple):
    """Everything read from a file."""

    blocks: Blocks
    signed: Signed
    fields: list[_Field]
    claims: list[Claim]
    statement: Statement
    problems: list[str]


def read_statement(data: bytes, *, anchors: str | None = None) -> Statement:
    """Sum up what a file says about its origin; fast for files without metadata.

    Args:
        data: a file that `imaging.decode` accepts.
        anchors: PEM certificates of trusted signers; see `read_credentials`.

    Raises:
        ValueError: the anchors are not PEM certificates.
    """
    return _read(data, anchors=anchors, personal=False).statement


def read_provenance(
    data: bytes, *, personal: bool = False, anchors: str | None = None
) -> Provenance:
    """Read the metadata and credentials of a file, and its declarations of generation.

    Args:
        data: a file that `imaging.decode` accepts.
        personal: include places, names, serial numbers, captions and comments. A generator's
            prompt and settings are always included, without e-mail addresses and user folders.
        anchors: PEM certificates of trusted signers; see `read_credentials`.

    Raises:
        ValueError: the anchors are not PEM certificates.
    """
    reading = _read(data, anchors=anchors, personal=personal)
    entries = [_entry(*field, personal) for field in reading.fields[:_MAX_ENTRIES]]
    return Provenance(
        statement=reading.statement,
        says_generated=bool(reading.claims),
        claims=reading.claims,
        credentials=reading.signed.credentials,
        entries=entries,
        masked=sum(entry.value is None for entry in entries),
        problems=reading.problems,
        attachments=attachments(data, reading.blocks),
    )


def _read(data: bytes, *, anchors: str | None, personal: bool) -> _Reading:
    blocks = read_blocks(data)
    problems = list(blocks.problems)
    fields = list(_fields(data, blocks, problems))
    # The C2PA library is slow, so it runs only for files with credentials.
    remote = any(generators.local_name(field.name) == "provenance" for field in fields)
    signed = unsigned("none")
    if blocks.signed or remote:
        signed = read_credentials(data, anchors=anchors, personal=personal)
    claims = [*signed.claims, *_claims(fields)]
    captures = [*signed.captures, *_captures(fields)]
    statement = sum_up(claims, captures, signed.credentials)
    return _Reading(blocks, signed, fields, claims, statement, problems)


_READERS: tuple[tuple[Source, str, Callable[[bytes], Iterable[Pair]]], ...] = (
    ("exif", "EXIF", read_exif),
    ("xmp", "XMP", read_xmp),
    ("iptc", "IPTC", read_iptc),
)


def _fields(data: bytes, blocks: Blocks, problems: list[str]) -> Iterator[_Field]:
    """All fields of the blocks; adds what could not be read to the problems."""
    for source, title, reader in _READERS:
        for block in getattr(blocks, source)[:_MAX_BLOCKS]:
            try:
                with warnings.catch_warnings(action="ignore"):
                    pairs = list(reader(block))
                yield from (_Field(source, name, value) for name, value in pairs if value)
            except Exception:  # noqa: BLE001  readers raise nearly anything on hostile bytes
                problems.append(f"The {title} metadata is damaged or too large and was not read.")
    for name, text in blocks.texts:
        yield _Field("text", name, text)
    if blocks.hidden:
        yield _Field("pixels", "parameters", blocks.hidden)
    for name, text in trailer_texts(data, blocks):
        yield _Field("trailer", name, text)


def _claims(fields: Sequence[_Field]) -> Iterator[Claim]:
    """Declarations of generation in plain metadata, each field once."""
    fields_with_claims = set()
    for field in fields:
        claim = _claim(field)
        if claim and (field.source, field.name) not in fields_with_claims:
            fields_with_claims.add((field.source, field.name))
            yield claim
    if not any(claim_source == "text" for claim_source, _ in fields_with_claims):
        texts = [field.name for field in fields if field.source == "text"]
        if match := generators.by_keys(texts):
            yield _match_claim("text", ", ".join(texts), match)
    values = {field.name.lower(): field.value for field in fields if field.source == "exif"}
    for name, match in generators.by_fields(values):
        if ("exif", name) not in {(source, known.lower()) for source, known in fields_with_claims}:
            yield _match_claim("exif", name, match)


def _claim(field: _Field) -> Claim | None:
    source, name, value = field
    if generators.is_source_type(name):
        extent = generators.extent(value)
        says = generators.source_type(value)[:_MAX_NAME]
        if extent is None:
            return None
        return Claim(source=source, field=name[:_MAX_NAME], says=says, extent=extent)
    local = generators.local_name(name)
    if local in generators.AI_FIELDS and not generators.is_none(value):
        by = value[:_MAX_NAME] if local == "aisystemused" else None
        return Claim(
            source=source,
            field=name[:_MAX_NAME],
            says=by or ("an AI system" if "version" in local else "a prompt for an AI system"),
            extent="part",
            by=by,
        )
    match = generators.recognise(name, value)
    return _match_claim(source, name, match) if match else None


def _match_claim(source: Source, name: str, match: generators.Match) -> Claim:
    return Claim(
        source=source, field=name[:_MAX_NAME], says=match.says, extent=match.extent, by=match.name
    )


def _captures(fields: Iterable[_Field]) -> Iterator[Capture]:
    """Statements of a camera: a source type, or EXIF with a camera and its exposure."""
    values = {field.name.lower(): field.value for field in fields if field.source == "exif"}
    make, model = (values.get(name, "")[:80].strip() for name in ("make", "model"))
    by = model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()
    for field in fields:
        if generators.is_source_type(field.name) and generators.is_capture(field.value):
            yield Capture(by or None, field.source)
    if by and _EXPOSURE & values.keys():
        yield Capture(by, "exif")


def _entry(source: Source, name: str, value: str, personal: bool) -> Entry:
    is_generator_text = generators.is_settings_field(name) or bool(generators.settings(name, value))
    if not (personal or is_generator_text or is_harmless(name)):
        return Entry(source=source, name=name[:_MAX_NAME], value=None)
    # Cut before the search, with room for an address at the end.
    value = value[: _MAX_VALUE + 512]
    text = value if personal else scrub(value)
    return Entry(
        source=source, name=name[:_MAX_NAME], value=text[:_MAX_VALUE], cut=len(text) > _MAX_VALUE
    )


# EXIF, XMP and IPTC fields of settings, software and dates. Every other field counts as personal:
# places, names, serial numbers, unique ids, host names, captions, comments and maker notes.
_NAMES = """
ImageWidth ImageLength ImageHeight BitsPerSample Compression PhotometricInterpretation
Orientation SamplesPerPixel XResolution YResolution ResolutionUnit YCbCrPositioning
YCbCrSubSampling ColorSpace ExifImageWidth ExifImageHeight PixelXDimension
PixelYDimension ComponentsConfiguration PlanarConfiguration NativeDigest ICCProfile
ICCProfileName ColorMode Format InteropIndex InteropVersion
Make Model LensMake LensModel LensSpecification LensInfo Lens ExposureTime FNumber
ExposureProgram ISOSpeedRatings PhotographicSensitivity SensitivityType ISOSpeed
RecommendedExposureIndex ShutterSpeedValue ApertureValue BrightnessValue
ExposureBiasValue MaxApertureValue SubjectDistance SubjectDistanceRange MeteringMode
LightSource Flash FocalLength FocalLengthIn35mmFilm FocalPlaneXResolution
FocalPlaneYResolution FocalPlaneResolutionUnit SensingMethod FileSource SceneType
CustomRendered ExposureMode WhiteBalance DigitalZoomRatio SceneCaptureType GainControl
Contrast Saturation Sharpness CompositeImage
Software ProcessingSoftware CreatorTool Producer OriginatingProgram ProgramVersion
ExifVersion FlashPixVersion xmptk DateTime DateTimeOriginal DateTimeDigitized CreateDate
ModifyDate MetadataDate DateCreated OffsetTime OffsetTimeOriginal OffsetTimeDigitized
SubsecTime SubsecTimeOriginal SubsecTimeDigitized Rating
DigitalSourceType DigitalSourceFileType AIGC genAIType
"""
_HARMLESS = frozenset(_NAMES.lower().split())
_USER_FOLDER = re.compile(r"(?i)((?:[a-z]:)?[\\/]+(?:users|home)[\\/]+)[^\\/\"'\s]+")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")


def is_harmless(name: str) -> bool:
    """True if a field of this name (any prefix) holds no personal data."""
    return name.rpartition(":")[2].lower() in _HARMLESS


def scrub(text: str) -> str:
    """Remove e-mail addresses and user folder names from a text."""
    return _EMAIL.sub("…@…", _USER_FOLDER.sub(r"\1…", text))
