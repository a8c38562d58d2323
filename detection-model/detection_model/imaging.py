"""Decodes untrusted image files to upright RGB pixels, and pixels to model inputs.

Training and serving share this preprocessing. The size is checked in the header, before any pixel
is decoded.
"""

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

from detection_model.card import InputSpec

FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF")
SUPPORTED = "JPEG, PNG, BMP, TIFF, WebP or GIF"

ImageProblem = Literal[
    "empty_file",
    "file_too_large",
    "unsupported_format",
    "too_many_pixels",
    "image_too_small",
    "truncated_image",
    "corrupt_image",
]


class ImageError(ValueError):
    """An image file is not accepted: `code` for programs, the message for people."""

    def __init__(self, code: ImageProblem, message: str) -> None:
        super().__init__(message)
        self.code: ImageProblem = code
        self.message = message


@dataclass(frozen=True)
class Limits:
    """Limits on the file in bytes, on all pixels, and on the pixels of the shorter side."""

    max_bytes: int = 10 * 1024 * 1024
    max_pixels: int = 50_000_000
    min_side: int = 32


@dataclass(frozen=True)
class Picture:
    """A decoded, upright image; `pixels` is uint8 RGB (height, width, 3)."""

    pixels: NDArray[np.uint8]
    format: str
    size_bytes: int
    sha256: str

    @property
    def height(self) -> int:
        """Height of the upright image in pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Width of the upright image in pixels."""
        return int(self.pixels.shape[1])


_DEFAULT_LIMITS = Limits()

# Signatures of unsupported files that people upload: naming the format helps more than "unknown".
_UNSUPPORTED: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or office document"),
    (4, b"ftypheic", "a HEIC photo"),
    (4, b"ftypheix", "a HEIC photo"),
    (4, b"ftypmif1", "a HEIF photo"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"\x00\x00\x01\x00", "an icon"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
)


def decode(data: bytes, limits: Limits = _DEFAULT_LIMITS) -> Picture:
    """Decode an image file.

    The content determines the format, not the name. EXIF orientation is applied, transparency is
    blended with white, and 16-bit, palette, greyscale and CMYK become 8-bit RGB.

    Raises:
        ImageError: not an intact image within the limits.
    """
    if not data:
        raise ImageError("empty_file", "The file is empty.")
    if len(data) > limits.max_bytes:
        raise ImageError(
            "file_too_large",
            f"The file has {len(data) / 1024**2:.1f} MB; at most "
            f"{limits.max_bytes / 1024**2:.0f} MB are accepted. Save it smaller and try again.",
        )
    with warnings.catch_warnings(), _open(data) as image:
        warnings.simplefilter("ignore")  # Pillow warns about odd metadata
        _check_size(image, limits)
        pixels = np.asarray(_to_rgb(_upright(_load(image))))
        # Only Pillow distinguishes the multi-picture JPEG of phones from JPEG.
        name = "JPEG" if image.format == "MPO" else str(image.format)
    return Picture(pixels, name, len(data), hashlib.sha256(data).hexdigest())


def to_input(pixels: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.float32]:
    """Convert an image to a model's input.

    Args:
        pixels: uint8 RGB (height, width, 3), values 0 to 255.
        spec: the input part of the model's card.

    Returns:
        float32 (spec.height, spec.width, 3) in the card's range and channel order.
    """
    return scale(resize(pixels, spec), spec)


def resize(pixels: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.uint8]:
    """Resize uint8 RGB to (spec.height, spec.width, 3), antialiased, by the card's method."""
    height, width = pixels.shape[:2]
    if (height, width) == (spec.height, spec.width):
        return pixels
    image = Image.fromarray(pixels)
    size = (spec.width, spec.height)
    method = resampling(spec)
    match spec.resize:
        case "center-crop":
            resized = ImageOps.fit(image, size, method)
        case "pad":
            resized = ImageOps.pad(image, size, method)
        case "stretch":
            resized = image.resize(size, method)
    return np.asarray(resized)


def resampling(spec: InputSpec) -> Image.Resampling:
    """Pillow's constant for the card's resize filter."""
    return Image.Resampling[spec.filter.upper()]


def scale(pixels: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.float32]:
    """Convert uint8 RGB of any shape (..., 3) to the card's range and channel order, as float32."""
    low, high = spec.value_range
    values: NDArray[np.float32] = pixels.astype(np.float32)
    if (low, high) != (0, 255):
        values = (values * ((high - low) / 255) + low).astype(np.float32)
    if spec.mean is not None:
        values = np.subtract(values, spec.mean, dtype=np.float32)
    if spec.std is not None:
        values = np.divide(values, spec.std, dtype=np.float32)
    if spec.channels == "BGR":
        values = values[..., ::-1]
    return np.ascontiguousarray(values)


def _open(data: bytes) -> ImageFile.ImageFile:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        raise ImageError(
            "too_many_pixels", "The picture has far too many pixels. Scale it down and try again."
        ) from None
    except Exception as error:  # noqa: BLE001  decoders raise nearly anything on hostile bytes
        raise _unreadable(data, error) from None
    return image


def _unreadable(data: bytes, error: Exception) -> ImageError:
    head = data[:512].lstrip().lower()
    if head.startswith((b"<svg", b"<?xml")) and b"<svg" in data[:4096].lower():
        kind = "an SVG drawing"
    elif head.startswith((b"<!doctype html", b"<html")):
        kind = "a web page"
    else:
        kind = next(
            (name for at, magic, name in _UNSUPPORTED if data[at : at + len(magic)] == magic), ""
        )
    if not kind and _starts_like_a_picture(data):
        return ImageError(
            "corrupt_image" if "truncated" not in str(error).lower() else "truncated_image",
            "The file begins like a picture but is damaged. Save or download it again.",
        )
    is_kind = f"is {kind}, which is not supported" if kind else "is not a picture that can be read"
    return ImageError("unsupported_format", f"The file {is_kind}. Use {SUPPORTED}.")


def _starts_like_a_picture(data: bytes) -> bool:
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"BM", b"II*\0", b"MM\0*", b"GIF8")) or (
        data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    )


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


def _load(image: ImageFile.ImageFile) -> ImageFile.ImageFile:
    try:
        image.load()
    except Exception as error:  # noqa: BLE001  decoders raise nearly anything on hostile bytes
        if isinstance(error, EOFError) or "truncated" in str(error).lower():
            raise ImageError(
                "truncated_image",
                "The picture is incomplete: its end is missing. Save or download it again.",
            ) from None
        raise ImageError(
            "corrupt_image", "The picture is damaged. Save or download it again."
        ) from None
    return image


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001  broken EXIF must not fail the image
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        image = _to_8_bit(image)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    try:
        return image.convert("RGB")
    except ValueError:
        raise ImageError(
            "unsupported_format",
            f"The picture's colour mode ({image.mode}) is not supported. Save it as RGB.",
        ) from None


def _to_8_bit(image: Image.Image) -> Image.Image:
    """Scale 16-bit greyscale by 1/257, and float to its range; Pillow would clip at 255."""
    values: NDArray[np.float32] = np.nan_to_num(np.asarray(image, dtype=np.float32))
    if image.mode == "F" or values.max() > 65535 or values.min() < 0:
        low, high = values.min(), values.max()
        values = (values - low) * np.float32(255 / (high - low or 1))
    elif image.mode.startswith("I;16") or values.max() > 255:
        values = values / np.float32(257)
    return Image.fromarray(np.rint(values).astype(np.uint8))
