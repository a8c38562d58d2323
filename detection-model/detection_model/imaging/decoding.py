"""Decodes an untrusted image file.

Memory: Pillow's image takes at most 4 bytes for each pixel of the file, the result at most
3 bytes for each of `FULL_SIZE` pixels; everything between is done in strips. With the default
limits one call takes at most 700 MB, and 1 GB for HEIC and AVIF, whose decoders keep planes of
their own. Only one picture above `FULL_SIZE` is decoded at a time.
"""

import hashlib
import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from detection_model.imaging import repair
from detection_model.imaging.colour import Converter
from detection_model.imaging.formats import (
    FORMATS,
    format_name,
    is_cut,
    refuse_misread,
    refuse_raw,
    truncated,
    unreadable,
)
from detection_model.imaging.frames import choose_frame
from detection_model.imaging.picture import ImageError, Limits, Note, NoteValues, Picture

# Pixels that are decoded at full size; larger pictures are halved until they fit.
FULL_SIZE = 50_000_000
# Pixels of a strip.
_STRIP = 1_000_000
_LARGE = threading.Lock()

_DEFAULT_LIMITS = Limits()
_ORIENTATION = 0x0112


def decode(data: bytes, limits: Limits = _DEFAULT_LIMITS) -> Picture:
    """Decode an image file.

    The content determines the format, not the name. EXIF orientation and colour profile are
    applied, transparency is blended with white, and 16-bit, palette, greyscale and CMYK become
    8-bit sRGB. Of several frames or pages, the first that shows something is taken. A picture of
    more than 50 megapixels is decoded at half size, or less.

    Raises:
        ImageError: not an intact image within the limits, or a camera raw file.
    """
    if not data:
        raise ImageError("empty_file", "The file is empty.")
    if len(data) > limits.max_bytes:
        raise ImageError(
            "file_too_large",
            f"The file has {len(data) / 1024**2:.1f} MB; at most "
            f"{limits.max_bytes / 1024**2:.0f} MB are accepted. Save it smaller and try again.",
        )
    refuse_raw(data)
    refuse_misread(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about odd metadata
        pixels, name, notes = _decode(data, limits)
    return Picture(pixels, name, len(data), hashlib.sha256(data).hexdigest(), tuple(notes))


def _decode(data: bytes, limits: Limits) -> tuple[NDArray[np.uint8], str, list[Note]]:
    """Pixels, format and notes; a file with a harmless fault is repaired."""
    if (repaired := repair.of_harmless_fault(data)) is not None:
        pixels, name, notes = _decode_intact(repaired.data, limits)
        return pixels, name, [repaired.note, *notes]
    try:
        return _decode_intact(data, limits)
    except ImageError as error:
        if error.code not in ("truncated_image", "corrupt_image"):
            raise
        if (repaired := repair.of_fault(data)) is None:
            raise
    pixels, name, notes = _decode_intact(repaired.data, limits)
    return pixels, name, [repaired.note, *notes]


def _decode_intact(data: bytes, limits: Limits) -> tuple[NDArray[np.uint8], str, list[Note]]:
    with _open(data) as image:
        _check_size(image, limits)
        reduction = _reduction(image)
        with _LARGE if reduction > 1 else nullcontext():
            size = image.size
            # JPEG is decoded at reduced size, which is fast and saves memory.
            image.draft(None, (size[0] // reduction, size[1] // reduction))
            left = max(1, reduction * image.width // size[0])
            with _damage(data):
                notes = choose_frame(image, data)
            _check_size(image, limits)  # HEIF tells the true size only now
            converter = Converter(image)
            pixels = _pixels(image, converter, left)
            orientation, name = _orientation(image), format_name(image.format)
    notes += converter.finish()
    if reduction > 1:
        notes.append(_reduced(size, pixels, orientation))
    return _upright(pixels, orientation), name, notes


def _open(data: bytes) -> ImageFile.ImageFile:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        raise ImageError(
            "too_many_pixels", "The picture has far too many pixels. Scale it down and try again."
        ) from None
    except Exception as error:  # noqa: BLE001  decoders raise nearly anything on hostile bytes
        raise unreadable(data, error) from None


@contextmanager
def _damage(data: bytes) -> Iterator[None]:
    """Turn the errors of decoders into refusals."""
    try:
        yield
    except ImageError:
        raise
    except Exception as error:  # noqa: BLE001  decoders raise nearly anything on hostile bytes
        if isinstance(error, EOFError) or "truncated" in str(error).lower() or is_cut(data):
            raise truncated() from None
        raise ImageError(
            "corrupt_image", "The picture is damaged. Save or download it again."
        ) from None


def _check_size(image: Image.Image, limits: Limits) -> None:
    width, height = image.size
    if width * height > limits.max_pixels:
        raise ImageError(
            "too_many_pixels",
            f"The picture has {width} x {height} pixels; at most "
            f"{limits.max_pixels / 1e6:.0f} megapixels are accepted. "
            "Scale it down and try again.",
        )
    if min(width, height) < limits.min_side:
        raise ImageError(
            "image_too_small",
            f"The picture has {width} x {height} pixels; at least "
            f"{limits.min_side} x {limits.min_side} are needed.",
        )


def _reduction(image: Image.Image) -> int:
    """The factor by which a picture is reduced: 1, 2, 4 or 8."""
    factor = 1
    while factor < 8 and image.width * image.height > FULL_SIZE * factor**2:
        factor *= 2
    return factor


def _pixels(image: Image.Image, converter: Converter, reduction: int) -> NDArray[np.uint8]:
    """A loaded image as uint8 RGB, reduced by averaging."""
    if image.width * image.height <= _STRIP and reduction == 1:
        return np.asarray(converter.to_rgb(image))
    width, height = -(-image.width // reduction), -(-image.height // reduction)
    pixels = np.empty((height, width, 3), np.uint8)
    rows = max(1, _STRIP // (image.width * reduction)) * reduction
    for top in range(0, image.height, rows):
        part = image.crop((0, top, image.width, min(top + rows, image.height)))
        strip = converter.to_rgb(part)
        if reduction > 1:
            strip = strip.reduce(reduction)
        pixels[top // reduction : top // reduction + strip.height] = np.asarray(strip)
    return pixels


def _reduced(size: tuple[int, int], pixels: NDArray[np.uint8], orientation: int) -> Note:
    height, width = pixels.shape[:2]
    if orientation >= 5:
        size, (width, height) = (size[1], size[0]), (height, width)
    text = (
        f"The picture of {size[0]} x {size[1]} pixels was reduced to {width} x {height} "
        "before it was judged; this can hide fine traces."
    )
    values: NoteValues = {
        "from_width": size[0],
        "from_height": size[1],
        "width": width,
        "height": height,
    }
    return Note(code="reduced", message=text, values=values)


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 if it is missing, invalid or unreadable."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001  broken EXIF must not fail the image
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    if orientation == 1:
        return pixels
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
