"""Repairs faults of a file that leave all its pixels intact."""

import io
import struct
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image

from detection_model.imaging.picture import Note

_JPEG, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_PNG = b"\x89PNG\r\n\x1a\n"
# Pillow refuses more text than this in one chunk.
_MAX_TEXT = 1024**2
_TEXT_CHUNKS = {b"tEXt", b"zTXt", b"iTXt"}
# Bits that a decoder takes for pixels if it lacks some.
_FILLING = b"\x5a\xa5\x33\xcc" * 64


class Repaired(NamedTuple):
    """A file without its fault, and a note on the fault."""

    data: bytes
    note: Note


def without_fault(data: bytes) -> Repaired | None:
    """The file without a fault that does no harm to its pixels; None if there is no such fault."""
    if data.startswith(_JPEG):
        return _with_jpeg_end(data)
    return _sound_png(data) if data.startswith(_PNG) else None


def _with_jpeg_end(data: bytes) -> Repaired | None:
    """Append the missing end marker if no pixel is missing.

    The decoder fills missing pixels without an error. It decodes the file with other bits at its
    end: the same pixels mean that it needed none of them.
    """
    body = data[:-1] if data.endswith(b"\xff") else data
    repaired = body + _JPEG_END
    if _checksum(repaired) is None or _checksum(repaired) != _checksum(body + _FILLING + _JPEG_END):
        return None
    text = "The end mark of the JPEG file is missing; all its pixels are there."
    return Repaired(repaired, Note(code="missing_end", message=text))


def _checksum(data: bytes) -> int | None:
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            image.load()
            return zlib.crc32(np.ascontiguousarray(image).data)
    except Exception:  # noqa: BLE001  decoders raise nearly anything on hostile bytes
        return None


def _sound_png(data: bytes) -> Repaired | None:
    """The PNG file with right checksums and without its texts."""
    parts, at = [_PNG], len(_PNG)
    wrong, text_bytes = 0, 0
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if len(body) < length or at + 12 + length > len(data):
            break
        stored = data[at + 8 + length : at + 12 + length]
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        wrong += stored != checksum
        if kind in _TEXT_CHUNKS:
            text_bytes += length
        else:
            parts += [data[at : at + 8], body, checksum]
        at += 12 + length
    if wrong:
        text = "A checksum of the PNG file is wrong; its pixels could be read all the same."
        return Repaired(b"".join(parts), Note(code="bad_checksum", message=text))
    if text_bytes:
        text = (
            f"The PNG file has {text_bytes / 1024**2:.1f} MB of text, some of it larger than the "
            "decoder accepts; the picture was judged without it."
        )
        return Repaired(b"".join(parts), Note(code="long_text", message=text))
    return None
