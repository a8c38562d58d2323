"""Finds the metadata blocks of an image file by walking its container.

Pixels are decoded only for text in their lowest bits.

Formats: JPEG (ITU-T T.81, JFIF, Exif 2.32, XMP part 3, Photoshop resources), PNG 3, WebP, GIF89a.
A TIFF file is one EXIF block. Every step is bounded: a hostile file costs time in proportion to
its length, and text unpacks to at most `MAX_TEXT` characters.
"""

import binascii
import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import Image

from detection_model.imaging import FORMATS
from detection_model.imaging.tiff import is_tiff
from detection_model.provenance import stealth

# A ComfyUI workflow may have a million characters.
MAX_TEXT = 2 * 1024 * 1024
# Photographs have packets of a few kilobytes; editing histories have a few hundred.
MAX_XMP = 1024 * 1024
_MAX_BLOCKS = 200
# Tags of a TIFF file that hold XMP, IPTC and Photoshop's resources.
TIFF_BLOCKS = (_XMP_TAG, _IPTC_TAG, _PHOTOSHOP_TAG) = (700, 33723, 34377)
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_EXIF = b"Exif\0\0"
# Small buffers make many chunks of pixels: 30 MB have 15,000 of 2 KB.
MAX_CHUNKS = 20_000
# Sub-blocks of a GIF have up to 255 bytes.
MAX_SUB_BLOCKS = 250_000
_TOO_MANY = "The file has too many blocks, so some of its metadata may not have been read."
_PROFILE = re.compile(r"Raw profile type (\w+)$", re.IGNORECASE)
_FILLING = re.compile(rb"\xff{2,}")
_END_OF_IMAGE = re.compile(rb"\xff\xd9")


@dataclass
class Blocks:
    """Metadata blocks of one file, as stored.

    Attributes:
        exif: TIFF structures.
        xmp: packets.
        iptc: IIM records.
        texts: pairs of a PNG text chunk's keyword, or "comment", and its text.
        hidden: text in the least significant bits of the first pixels, or None.
        signed: whether the file has a C2PA box.
        end: offset behind the picture's last byte; in JPEG files, of its first pixels.
        problems: blocks that could not be read.
    """

    exif: list[bytes] = field(default_factory=list)
    xmp: list[bytes] = field(default_factory=list)
    iptc: list[bytes] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    hidden: str | None = None
    signed: bool = False
    end: int = 0
    problems: list[str] = field(default_factory=list)


def read_blocks(data: bytes) -> Blocks:
    """Find the metadata blocks of a file; a damaged container is read up to the damage."""
    blocks = Blocks(end=len(data))
    try:
        if data.startswith(b"\xff\xd8"):
            _jpeg(data, blocks)
        elif data.startswith(b"\x89PNG"):
            _png(data, blocks)
        elif data[:4] == b"RIFF":
            _webp(data, blocks)
        elif data.startswith(b"GIF8"):
            _gif(data, blocks)
        elif is_tiff(data):
            _tiff(data, blocks)
        elif data[4:8] == b"ftyp":
            _heif(data, blocks)
    except (struct.error, IndexError):  # cut
        blocks.problems.append("The file is damaged, so some of its metadata may be missing.")
    except StopIteration:
        blocks.problems.append(_TOO_MANY)
    return blocks


def _jpeg(data: bytes, blocks: Blocks) -> None:
    photoshop: list[bytes] = []
    extended: dict[bytes, list[tuple[int, int, bytes]]] = {}
    for marker, body in _segments(data, blocks):
        match marker:
            case 0xE1 if body.startswith(_EXIF):
                blocks.exif.append(body[6:])
            case 0xE1 if body.startswith(_XMP):
                blocks.xmp.append(body[len(_XMP) :])
            case 0xE1 if body.startswith(_EXTENDED) and len(body) >= 75:
                guid, (full, at) = body[35:67], struct.unpack(">II", body[67:75])
                extended.setdefault(guid, []).append((at, full, body[75:]))
            case 0xEB if body.startswith(b"JP"):
                blocks.signed = True
            case 0xED if body.startswith(_PHOTOSHOP):
                photoshop.append(body[len(_PHOTOSHOP) :])
            case 0xFE:
                blocks.texts.append(("comment", _decoded(body)))
    if photoshop:
        blocks.iptc += iptc_records(b"".join(photoshop))
    for parts in list(extended.values())[:4]:
        _add_xmp(b"".join(part for *_, part in sorted(parts)), parts[0][1], blocks)


def _segments(data: bytes, blocks: Blocks) -> Iterator[tuple[int, bytes]]:
    """Markers and bodies of the segments before the pixels; sets where they end."""
    at = 2
    for _ in range(_MAX_BLOCKS * 10):
        if filling := _FILLING.match(data, at):
            at = filling.end() - 1
        if data[at] != 0xFF or data[at + 1] in (0xD9, 0xDA):
            break
        length = int.from_bytes(data[at + 2 : at + 4])
        if length < 2:
            break
        yield data[at + 1], data[at + 4 : at + 2 + length]
        at += 2 + length
    blocks.end = at


def end_of_jpeg(data: bytes, start: int) -> int:
    """Offset after the end marker of a JPEG picture whose pixels begin at `start`."""
    match = _END_OF_IMAGE.search(data, start)
    return match.end() if match else len(data)


def _add_xmp(packet: bytes, length: int, blocks: Blocks) -> None:
    if length > MAX_XMP or len(packet) > MAX_XMP:
        blocks.problems.append(
            f"The XMP metadata has more than {MAX_XMP // 1024} KB and was not read."
        )
    elif len(packet) != length:
        blocks.problems.append("The XMP metadata is incomplete and was not read.")
    else:
        blocks.xmp.append(packet)


def iptc_records(resources: bytes) -> Iterator[bytes]:
    """The IIM records among Photoshop's image resources."""
    at = 0
    while resources[at : at + 4] == b"8BIM":
        number = int.from_bytes(resources[at + 4 : at + 6])
        at += 6 + (resources[at + 6] | 1) + 1 if at + 6 < len(resources) else 7
        length = int.from_bytes(resources[at : at + 4])
        if number == 0x0404:
            yield resources[at + 4 : at + 4 + length]
        at += 4 + length + length % 2


def _png(data: bytes, blocks: Blocks) -> None:
    at, pixels, header = 8, b"", b""
    room = MAX_TEXT
    for _ in range(MAX_CHUNKS):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        at += 12 + length
        match kind:
            case b"IHDR":
                header = body
            case b"IDAT" if len(pixels) < 4096 * 256:
                pixels += body
            case b"tEXt" | b"zTXt" | b"iTXt" if len(blocks.texts) < _MAX_BLOCKS:
                room -= _png_text(kind, body, room, blocks)
            case b"eXIf":
                blocks.exif.append(body)
            case b"caBX":
                blocks.signed = True
            case b"IEND":
                break
    else:
        blocks.problems.append(_TOO_MANY)
    blocks.end = at
    blocks.hidden = stealth.read_png(data, header, pixels)


def _png_text(kind: bytes, body: bytes, room: int, blocks: Blocks) -> int:
    """Read a text chunk; return the number of bytes that it unpacked to."""
    name, _, rest = body.partition(b"\0")
    keyword = name.decode("latin-1")
    packed = kind == b"zTXt"
    if kind == b"iTXt":
        packed = rest[:1] == b"\1"
        rest = rest[2:].split(b"\0", 2)[-1]
    elif packed:
        rest = rest[1:]
    if packed:
        unpacker = zlib.decompressobj()
        try:
            rest = unpacker.decompress(rest, max(room, 1))
        except zlib.error:
            blocks.problems.append(f"The text {keyword[:80]} is damaged and was not read.")
            return 0
        if unpacker.unconsumed_tail:
            blocks.problems.append(
                f"The text {keyword[:80]} has more than {MAX_TEXT // 1024} KB and was cut."
            )
    rest = rest[: max(room, 0)]
    profile = _PROFILE.match(keyword)
    if profile:
        _profile(profile[1].lower(), rest, blocks)
    elif keyword in ("XML:com.adobe.xmp", "xmp"):
        blocks.xmp.append(rest)
    else:
        blocks.texts.append((keyword, _decoded(rest)))
    return len(rest)


def _profile(kind: str, text: bytes, blocks: Blocks) -> None:
    """A block in hexadecimal digits, as ImageMagick stores it: name, length, digits."""
    try:
        body = binascii.unhexlify(b"".join(text.split()[2:]))
    except (ValueError, binascii.Error):
        blocks.problems.append(f"The raw profile {kind} is damaged and was not read.")
        return
    if body.startswith(_EXIF):
        blocks.exif.append(body[6:])
    elif body.startswith(_XMP):
        blocks.xmp.append(body[len(_XMP) :])
    elif kind == "xmp":
        blocks.xmp.append(body)
    elif kind in ("iptc", "8bim"):
        resources = body.removeprefix(_PHOTOSHOP)
        blocks.iptc += iptc_records(resources) if resources[:4] == b"8BIM" else [body]
    elif kind == "exif":
        blocks.exif.append(body)


def _webp(data: bytes, blocks: Blocks) -> None:
    has_alpha = False
    at, end = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    for _ in range(MAX_CHUNKS):  # an animation has a chunk for each frame
        if at + 8 > end:
            break
        kind, length = struct.unpack("<4sI", data[at : at + 8])
        body = data[at + 8 : at + 8 + length] if kind not in (b"VP8 ", b"VP8L", b"ANMF") else b""
        match kind:
            case b"VP8L":  # lossless; the flag of transparency follows two sizes of 14 bits
                header = data[at + 8 : at + 13]
                has_alpha |= len(header) == 5 and header[0] == 0x2F and bool(header[4] & 0x10)
            case b"ALPH":
                has_alpha = True
            case b"EXIF":
                blocks.exif.append(body.removeprefix(_EXIF))
            case b"XMP ":
                blocks.xmp.append(body)
            case b"C2PA":
                blocks.signed = True
        at += 8 + length + length % 2
    else:
        blocks.problems.append(_TOO_MANY)
    blocks.end = end
    if has_alpha:
        blocks.hidden = stealth.read_webp(data)


def _gif(data: bytes, blocks: Blocks) -> None:
    at = 13 + _table(data[10])
    steps = iter(range(MAX_SUB_BLOCKS))
    while at < len(data):
        match data[at]:
            case 0x21:
                kind, name = data[at + 1], data[at + 3 : at + 14]
                first = at + 2 + (1 + data[at + 2] if kind == 0xFF else 0)
                at = _skip(data, first, steps)
                next(steps)
                _gif_extension(kind, name, data[first:at], blocks)
            case 0x2C:
                at = _skip(data, at + 11 + _table(data[at + 9]), steps)
            case _:
                break
    blocks.end = at + 1


def _table(flags: int) -> int:
    """Length of a colour table in bytes."""
    return 3 * 2 ** (flags % 8 + 1) if flags & 0x80 else 0


def _skip(data: bytes, at: int, steps: Iterator[int]) -> int:
    """Offset behind a chain of sub-blocks; raises StopIteration where the steps end."""
    while data[at]:
        next(steps)
        at += data[at] + 1
    return at + 1


def _gif_extension(kind: int, name: bytes, body: bytes, blocks: Blocks) -> None:
    if kind == 0xFE and len(blocks.texts) < _MAX_BLOCKS:
        blocks.texts.append(("comment", _decoded(_joined(body))))
    elif kind == 0xFF and name.startswith(b"XMP Data"):
        # XMP is stored uncompressed without lengths, though some programs write lengths.
        text = body if body[:1] == b"<" else _joined(body)
        blocks.xmp.append(text.partition(b"\x01\xff\xfe\xfd")[0])
    elif kind == 0xFF and name.startswith(b"C2PA"):
        blocks.signed = True


def _joined(body: bytes) -> bytes:
    """The content of a chain of sub-blocks."""
    parts, at = [], 0
    while at < len(body) and body[at]:
        parts.append(body[at + 1 : at + 1 + body[at]])
        at += body[at] + 1
    return b"".join(parts)


def _tiff(data: bytes, blocks: Blocks) -> None:
    blocks.exif.append(data)
    blocks.signed = b"jumb" in data
    try:
        exif = load_exif(data)
        packets = {tag: exif[tag] for tag in TIFF_BLOCKS if tag in exif}
    except Exception:  # noqa: BLE001  Pillow raises nearly anything for broken tags
        return  # the reader of EXIF reports it
    for tag, value in packets.items():
        if not isinstance(value, bytes):  # IPTC records are sometimes stored as integers
            continue
        if tag == _XMP_TAG:
            blocks.xmp.append(value)
        else:
            blocks.iptc += [value] if tag == _IPTC_TAG else iptc_records(value)


def load_exif(block: bytes) -> Image.Exif:
    """The tags of a TIFF structure.

    Raises:
        Exception: Pillow raises nearly anything for broken EXIF.
    """
    exif = Image.Exif()
    with warnings.catch_warnings(action="ignore"):
        if block[2:4] in (b"+\0", b"\0+"):  # BigTIFF, which Exif alone does not read
            return Image.open(io.BytesIO(block), formats=("TIFF",)).getexif()
        exif.load(block)
    return exif


def _heif(data: bytes, blocks: Blocks) -> None:
    """HEIC and AVIF: their metadata are items that only a decoder's library locates."""
    blocks.signed = b"jumb" in data
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(io.BytesIO(data), formats=FORMATS) as image,
        ):
            exif, xmp = image.info.get("exif"), image.info.get("xmp")
    except Exception:  # noqa: BLE001  decoders raise nearly anything on hostile bytes
        blocks.problems.append("The metadata is damaged and was not read.")
        return
    if isinstance(exif, bytes):
        blocks.exif.append(exif.removeprefix(_EXIF))
    if isinstance(xmp, bytes):
        blocks.xmp.append(xmp)


def _decoded(text: bytes) -> str:
    text = text[:MAX_TEXT].rstrip(b"\0")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")
