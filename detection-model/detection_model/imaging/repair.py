"""Repairs faults of a file that leave all its pixels intact."""

import io
import struct
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image

from detection_model.imaging.picture import Note

_JPEG, _JPEG_SCAN, _JPEG_END = b"\xff\xd8\xff", b"\xff\xda", b"\xff\xd9"
_PNG = b"\x89PNG\r\n\x1a\n"
# Bytes of texts that are worth a note; Pillow refuses more than this in one chunk, unpacked.
_MAX_TEXT = 1024**2
_TEXT_CHUNKS = {b"tEXt", b"zTXt", b"iTXt"}
# Bits that a decoder takes for pixels if it lacks some.
_FILLING = b"\x5a\xa5\x33\xcc" * 64


class Repaired(NamedTuple):
    """A file without its fault, and a note on the fault."""

    data: bytes
    note: Note


def of_harmless_fault(data: bytes) -> Repaired | None:
    """A PNG file with right checksums and without long texts; None if it has no such fault."""
    return _sound_png(data, _MAX_TEXT) if data.startswith(_PNG) else None


def of_fault(data: bytes) -> Repaired | None:
    """A file that could not be decoded without a fault that leaves its pixels intact; or None."""
    if data.startswith(_JPEG):
        return _with_jpeg_end(data)
    return _sound_png(data, 0) if data.startswith(_PNG) else None


def without_faults(data: bytes) -> bytes:
    """The bytes of a file that `decode` accepts, in a form that any other decoder accepts too."""
    if data.startswith(_JPEG):
        has_end = data.rfind(_JPEG_END) > data.rfind(_JPEG_SCAN)
        return data if has_end else data.removesuffix(b"\xff") + _JPEG_END
    if not data.startswith(_PNG):
        return data
    repaired = _sound_png(data, _MAX_TEXT)
    if repaired is None and not _opens(data):  # packed texts may be long too
        repaired = _sound_png(data, 0)
    return data if repaired is None else repaired.data


def _opens(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]):
            return True
    except Exception:  # noqa: BLE001  decoders raise nearly anything on hostile bytes
        return False


def _with_jpeg_end(data: bytes) -> Repaired | None:
    """Append the missing end marker if no pixel is missing.

    The decoder fills missing pixels without an error. It decodes the file with other bits at its
    end: the same pixels mean that it needed none of them.
    """
    body = data.removesuffix(b"\xff")
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


def _sound_png(data: bytes, most_text: int) -> Repaired | None:
    """The PNG file with right checksums and without texts; None if it has neither fault.

    Args:
        data: a PNG file.
        most_text: bytes of text up to which they are no fault.
    """
    view = memoryview(data)
    parts: list[bytes | memoryview] = [_PNG]
    at, wrong, text_bytes = len(_PNG), 0, 0
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            break
        kind = data[at + 4 : at + 8]
        checksum = struct.pack(">I", zlib.crc32(view[at + 4 : end]))
        wrong += checksum != view[end : end + 4]
        if kind in _TEXT_CHUNKS:
            text_bytes += length
        else:
            parts += [view[at:end], checksum]
        at = end + 4
        if kind == b"IEND":
            break
    if wrong:
        text = "A checksum of the PNG file is wrong; its pixels could be read all the same."
        return Repaired(b"".join(parts), Note(code="bad_checksum", message=text))
    if text_bytes > most_text:
        text = f"The PNG file has {text_bytes / 1024**2:.1f} MB of text beside its pixels."
        note = Note(code="long_text", message=text, values={"bytes": text_bytes})
        return Repaired(b"".join(parts), note)
    return None
