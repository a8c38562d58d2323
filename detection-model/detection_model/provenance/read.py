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

# Characters of a value that are shown: a workflow may have a million.
_LONGEST = 8000
_NAME = 200
_MOST = 500
# PNG's text chunks that hold what the other readers read.
_PACKETS = ("XML:com.adobe.xmp", "xmp")


def read_provenance(
    data: bytes, *, personal: bool = False, anchors: str | None = None
) -> Provenance:
    """Metadata and credentials of a file, and whether it calls itself generated.

    Args:
        data: a file that `images.decode` has accepted.
        personal: show places, names, serial numbers, captions and comments as well. A
            generator's own texts (prompt, settings) are always shown, but for e-mail addresses
            and names of users' folders.
        anchors: certificates in PEM whose signers are trusted; see `read_credentials`.

    Raises:
        ValueError: the anchors are no certificates.
    """
    credentials = read_credentials(data, anchors=anchors, personal=personal)
    found: list[tuple[Source, str, str]] = []
    problems: list[str] = []
    for source, title, reader in _READERS:
        try:
            with (
                warnings.catch_warnings(action="ignore"),
                Image.open(io.BytesIO(data), formats=FORMATS) as image,
            ):
                found += [(source, name, value) for name, value in reader(image) if value]
        except Exception:  # noqa: BLE001  readers raise nearly anything on hostile bytes
            problems.append(f"The {title} metadata is damaged or too large and was not read.")
    claims = [*_credential_claims(credentials), *_claims(found)]
    entries = [_entry(*one, personal) for one in found[:_MOST]]
    return Provenance(
        says_generated=bool(claims),
        claims=claims,
        credentials=credentials,
        entries=entries,
        masked=sum(entry.value is None for entry in entries),
        problems=problems,
    )


def _texts(image: Image.Image) -> Iterator[Pair]:
    """Text chunks of PNG, comments of JPEG and GIF."""
    if image.format == "PNG":
        image.load()  # some stand behind the pixels
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


def _claims(found: Iterable[tuple[Source, str, str]]) -> Iterator[Claim]:
    """What plain metadata says, each field once."""
    seen = set()
    for source, name, value in found:
        claim = _claim(source, name, value)
        if claim and (source, name) not in seen:
            seen.add((source, name))
            yield claim


def _claim(source: Source, name: str, value: str) -> Claim | None:
    name = name[:_NAME]
    field = name.rpartition(":")[2].lower()
    if field == "digitalsourcetype":
        extent = generators.extent(value)
        says = generators.source_type(value)
        return Claim(source=source, field=name, says=says, extent=extent) if extent else None
    signs = field in generators.SOFTWARE_FIELDS
    says = (generators.named(value) if signs else None) or generators.maker(name, value) or ""
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
    generators_own = generators.maker(name, value) is not None or (
        source == "text" and name.lower() in generators.GENERATOR_FIELDS
    )
    if not (personal or generators_own or is_harmless(name)):
        return Entry(source=source, name=name[:_NAME], value=None)
    # Cut before it is searched, but not within what has to be found.
    value = value[: _LONGEST + 512]
    shown = value if personal else scrubbed(value)
    return Entry(
        source=source, name=name[:_NAME], value=shown[:_LONGEST], cut=len(shown) > _LONGEST
    )


# EXIF, XMP and IPTC names of settings, software and dates. Left out on purpose: places, names,
# serial numbers, unique ids, host names, captions, comments and makers' notes.
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
    """A field of this name (without its prefix) tells nothing of a person."""
    return name.rpartition(":")[2].lower() in _HARMLESS


def scrubbed(text: str) -> str:
    """A generator's own text without e-mail addresses and the names in users' folders."""
    return _EMAIL.sub("…@…", _USER_FOLDER.sub(r"\1…", text))
