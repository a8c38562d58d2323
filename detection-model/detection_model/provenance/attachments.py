"""Data in an image file besides the picture: archives, videos, gain maps, odd thumbnails."""

import io
import re
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import ExifTags, Image

from detection_model.imaging import FORMATS
from detection_model.measures import Floats
from detection_model.provenance.blocks import Blocks, end_of_jpeg, load_exif
from detection_model.provenance.metadata import Pair
from detection_model.provenance.record import Attachment, AttachmentKind

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
