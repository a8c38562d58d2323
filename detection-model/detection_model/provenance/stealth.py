"""Text in the least significant bits of the pixels of a PNG or WebP file ("stealth pnginfo").

NovelAI and extensions of the Stable Diffusion web UI write it, column by column: a magic word, the
length in bits, and the settings, plain or packed with gzip. Layout:
https://github.com/neggles/sd-webui-stealth-pnginfo.
"""

import io
import struct
import warnings
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_WORD_BYTES = 15
_MAX_BYTES = 1024 * 1024
# Magic word: whether the text is packed. Bits are in alpha, or in red, green and blue.
_WORDS = {b"stealth_pnginfo": False, b"stealth_pngcomp": True}
_COLOUR_WORDS = {b"stealth_rgbinfo": False, b"stealth_rgbcomp": True}
_FIRST = b"s"
# Larger pictures are not generated with hidden settings, and cost too much to decode.
_MAX_WEBP_PIXELS = 20_000_000


def read_png(data: bytes, header: bytes, pixels: bytes) -> str | None:
    """The hidden text of a PNG file, None if it has none.

    Only the rows of the magic word are unpacked, unless it is there.

    Args:
        data: the file.
        header: body of its IHDR chunk.
        pixels: the first of its packed pixels.
    """
    if len(header) != 13:
        return None
    width, height, depth, colours, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if depth != 8 or colours not in (2, 6) or interlaced or height < _WORD_BYTES * 8:
        return None
    channels = 4 if colours == 6 else 3
    # The first letter needs few rows, and nearly every other picture fails it.
    for rows in (8, _WORD_BYTES * 8):
        column = _first_column(pixels, width, channels, rows)
        hidden = [_bytes(column[:, :3])] + ([_bytes(column[:, 3])] if channels == 4 else [])
        if not any(word[:1] == _FIRST for word in hidden):
            return None
    return _read_pixels(data, "PNG") if _has_word(hidden) else None


def read_webp(data: bytes) -> str | None:
    """The hidden text in the transparency of a WebP file, None if it has none.

    WebP has no rows that can be read alone, so this decodes the whole picture, once more than the
    model does. It skips pictures of more than 20 megapixels.
    """
    return _read_pixels(data, "WEBP")


def _read_pixels(data: bytes, container: str) -> str | None:
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(io.BytesIO(data), formats=(container,)) as image,
        ):
            if container == "WEBP" and image.width * image.height > _MAX_WEBP_PIXELS:
                return None
            columns = np.asarray(image).swapaxes(0, 1)[: _MAX_BYTES * 8 // image.height + 1]
    except Exception:  # noqa: BLE001  decoders raise nearly anything on hostile bytes
        return None
    # As many columns as the word and the length take, before all of them are unpacked.
    first = columns[: (_WORD_BYTES + 4) * 8 // columns.shape[1] + 1]
    for channels in (slice(3, 4), slice(0, 3)):
        word = _bytes(first[..., channels])[:_WORD_BYTES]
        if word in (_WORDS if channels.start else _COLOUR_WORDS):
            return _text(_bytes(columns[..., channels]))
    return None


def _has_word(hidden: list[bytes]) -> bool:
    """True if a magic word begins the bits of the colours, or the last ones: those of alpha."""
    return hidden[-1][:_WORD_BYTES] in _WORDS or hidden[0][:_WORD_BYTES] in _COLOUR_WORDS


def _first_column(pixels: bytes, width: int, channels: int, rows: int) -> NDArray[np.uint8]:
    """The first pixel of the first rows, (rows, channels); fewer rows where the data are damaged.

    A first pixel has no left neighbour, so that each filter adds nothing, or the pixel above.
    """
    row = 1 + width * channels
    try:
        unpacked = zlib.decompressobj().decompress(pixels, min(rows, _MAX_BYTES // row) * row)
    except zlib.error:
        unpacked = b""
    rows = len(unpacked) // row
    starts = np.frombuffer(unpacked, np.uint8, rows * row).reshape(rows, row)[:, : 1 + channels]
    column = np.zeros((rows, channels), np.uint8)
    above = np.zeros(channels, np.uint8)
    for number, (kind, *values) in enumerate(starts.tolist()):
        value = np.array(values, np.uint8)
        if kind in (2, 4):
            value += above
        elif kind == 3:
            value += above // 2
        column[number] = above = value
    return column


def _bytes(values: NDArray[np.uint8]) -> bytes:
    """The least significant bits of values, eight a byte."""
    return np.packbits(values & 1).tobytes()


def _text(hidden: bytes) -> str | None:
    word = hidden[:_WORD_BYTES]
    length = int.from_bytes(hidden[_WORD_BYTES : _WORD_BYTES + 4]) // 8
    if length > _MAX_BYTES:
        return None
    body = hidden[_WORD_BYTES + 4 : _WORD_BYTES + 4 + length]
    if (_WORDS | _COLOUR_WORDS)[word]:
        try:
            body = zlib.decompressobj(31).decompress(body, _MAX_BYTES)
        except zlib.error:
            return None
    return body.decode("utf-8", "replace")
