"""Repairs faults of a file that leave all its pixels intact."""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from detection_model.imaging.picture import Note

_JPEG, _JPEG_SCAN, _JPEG_END = b"\xff\xd8\xff", b"\xff\xda", b"\xff\xd9"
_PNG = b"\x89PNG\r\n\x1a\n"
# Bytes of texts that are worth a note; Pillow refuses more than this in one chunk, unpacked.
_MAX_TEXT = 1024**2
_TEXT_CHUNKS = {b"tEXt", b"zTXt", b"iTXt"}
# Bytes that are unpacked at a time, and in all: a small file may hold a thousand times its size.
_PIECE, _MOST_UNPACKED = 1024**2, 1024**3
# Samples of a pixel by colour type.
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_BAD_CHECKSUM = Note(
    code="bad_checksum",
    message="A checksum of the PNG file is wrong; its pixels could be read all the same.",
)
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
    if not data.startswith(_PNG):
        return None
    return _sound_png(data, 0) or _with_pixels_checksum(data)


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
    data = data if repaired is None else repaired.data
    repaired = _with_pixels_checksum(data)
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


def _with_pixels_checksum(data: bytes) -> Repaired | None:
    """Correct the checksum within a PNG file's pixels (Adler-32), if the stream is complete.

    The chunks' own checksums are right here, so the pixels are those that the program wrote.
    """
    parts = [(at, end) for kind, at, end in _chunks(data) if kind == b"IDAT"]
    view = memoryview(data)
    packed = b"".join(view[at + 8 : end] for at, end in parts)
    unpacker, checksum, rest = zlib.decompressobj(-zlib.MAX_WBITS), 1, packed[2:]
    left = _pixel_bytes(data)
    try:
        while rest and not unpacker.eof:
            piece = unpacker.decompress(rest, _PIECE)
            left -= len(piece)
            if left < 0:
                return None
            checksum, rest = zlib.adler32(piece, checksum), unpacker.unconsumed_tail
    except zlib.error:
        return None
    place = len(packed) - len(unpacker.unused_data)
    right = struct.pack(">I", checksum)
    if not unpacker.eof or packed[place : place + 4] == right:
        return None
    body = b"IDAT" + packed[:place] + right
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    repaired = data[: parts[0][0]] + chunk + data[parts[-1][1] + 4 :]
    return Repaired(repaired, _BAD_CHECKSUM)


def _pixel_bytes(data: bytes) -> int:
    """The most bytes to which a PNG file's pixels unpack, by its header."""
    if len(data) < 26 or data[12:16] != b"IHDR":
        return 0
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    row: int = width * bits * _SAMPLES.get(colour, 4) // 8
    # A filter byte and a rounded byte a row; interlaced pictures have nearly twice as many rows.
    most: int = height * (row + 4) + 64
    return min(most, _MOST_UNPACKED)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, offset and end (before the checksum) of each whole chunk of a PNG file."""
    at = len(_PNG)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            return
        kind = data[at + 4 : at + 8]
        yield kind, at, end
        if kind == b"IEND":
            return
        at = end + 4


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
    wrong, text_bytes = 0, 0
    for kind, at, end in _chunks(data):
        checksum = struct.pack(">I", zlib.crc32(view[at + 4 : end]))
        wrong += checksum != view[end : end + 4]
        if kind in _TEXT_CHUNKS:
            text_bytes += end - at - 8
        else:
            parts += [view[at:end], checksum]
    if wrong:
        return Repaired(b"".join(parts), _BAD_CHECKSUM)
    if text_bytes > most_text:
        text = f"The PNG file has {text_bytes / 1024**2:.1f} MB of text beside its pixels."
        note = Note(code="long_text", message=text, values={"bytes": text_bytes})
        return Repaired(b"".join(parts), note)
    return None
