"""Reads the metadata and credentials of a file, and masks personal values."""

import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator

from PIL import Image

from detection_model.imaging import FORMATS
from detection_model.provenance import generators
from detection_model.provenance.credentials import read_credentials
from detection_model.provenance.metadata import Pair, read_exif, read_iptc, read_xmp
from detection_model.provenance.record import Claim, Credentials, Entry, Provenance, Source

# Limits in characters and entries: a ComfyUI workflow may have a million characters.
_MAX_VALUE = 8000
_MAX_NAME = 200
_MAX_ENTRIES = 500
# PNG text chunks that the XMP reader handles.
_PACKETS = ("XML:com.adobe.xmp", "xmp")


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
    credentials = read_credentials(data, anchors=anchors, personal=personal)
    fields: list[tuple[Source, str, str]] = []
    problems: list[str] = []
    for source, title, reader in _READERS:
        try:
            with (
                warnings.catch_warnings(action="ignore"),
                Image.open(io.BytesIO(data), formats=FORMATS) as image,
            ):
                fields += [(source, name, value) for name, value in reader(image) if value]
        except Exception:  # noqa: BLE001  readers raise nearly anything on hostile bytes
            problems.append(f"The {title} metadata is damaged or too large and was not read.")
    claims = [*_credential_claims(credentials), *_claims(fields)]
    entries = [_entry(*field, personal) for field in fields[:_MAX_ENTRIES]]
    return Provenance(
        says_generated=bool(claims),
        claims=claims,
        credentials=credentials,
        entries=entries,
        masked=sum(entry.value is None for entry in entries),
        problems=problems,
    )


def _texts(image: Image.Image) -> Iterator[Pair]:
    """Text chunks of PNG files, comments of JPEG and GIF files."""
    if image.format == "PNG":
        image.load()  # some chunks follow the pixels
    for name, value in image.info.items():
        if isinstance(value, str) and name not in _PACKETS:
            yield str(name), value
        elif name == "comment" and isinstance(value, bytes):
            yield "comment", value.decode("utf-8", "replace")


def _xmp(image: Image.Image) -> Iterator[Pair]:
    packet = image.info.get("xmp")
    if isinstance(packet, str):
        packet = packet.encode()
    return read_xmp(packet) if packet else iter(())


_READERS: tuple[tuple[Source, str, Callable[[Image.Image], Iterable[Pair]]], ...] = (
    ("exif", "EXIF", read_exif),
    ("xmp", "XMP", _xmp),
    ("iptc", "IPTC", read_iptc),
    ("text", "text", _texts),
)


def _claims(fields: Iterable[tuple[Source, str, str]]) -> Iterator[Claim]:
    """Declarations of generation in plain metadata, each field once."""
    fields_with_claims = set()
    for source, name, value in fields:
        claim = _claim(source, name, value)
        if claim and (source, name) not in fields_with_claims:
            fields_with_claims.add((source, name))
            yield claim


def _claim(source: Source, name: str, value: str) -> Claim | None:
    name = name[:_MAX_NAME]
    field = name.rpartition(":")[2].lower()
    if field == "digitalsourcetype":
        extent = generators.extent(value)
        says = generators.source_type(value)
        return Claim(source=source, field=name, says=says, extent=extent) if extent else None
    names_software = field in generators.SOFTWARE_FIELDS
    says = (
        (generators.named(value) if names_software else None) or generators.maker(name, value) or ""
    )
    return Claim(source=source, field=name, says=says, extent="whole") if says else None


def _credential_claims(credentials: Credentials) -> Iterator[Claim]:
    for action in credentials.actions:
        kind = action.source_type or ""
        if extent := generators.extent(kind):
            yield Claim(
                source="c2pa",
                field=action.action,
                says=kind,
                extent=extent,
                signature=credentials.state,
            )


def _entry(source: Source, name: str, value: str, personal: bool) -> Entry:
    is_generator_text = generators.maker(name, value) is not None or (
        source == "text" and name.lower() in generators.GENERATOR_FIELDS
    )
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
DigitalSourceType DigitalSourceFileType AIGC
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
