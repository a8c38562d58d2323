"""Image perturbations: re-encoding, scaling, blur, noise, light and cover.

Training augmentation, fake synthesis, robustness evaluation and the consistency check share them.
Pure functions on uint8 RGB (h, w, 3), values 0 to 255; random ones take their generator, so that
the same seed gives the same pixels.
"""

import io
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

Bytes = NDArray[np.uint8]
Property = Literal["brightness", "contrast", "saturation"]

_ENHANCERS = {
    "brightness": ImageEnhance.Brightness,
    "contrast": ImageEnhance.Contrast,
    "saturation": ImageEnhance.Color,
}


def jpeg(pixels: Bytes, quality: int) -> Bytes:
    """JPEG compression at a quality from 1 to 100, with 4:2:0 chroma subsampling."""
    return _reencode(pixels, "JPEG", quality=quality, subsampling="4:2:0")


def webp(pixels: Bytes, quality: int) -> Bytes:
    """Lossy WebP compression at a quality from 0 to 100."""
    return _reencode(pixels, "WEBP", quality=quality)


def blur(pixels: Bytes, sigma: float) -> Bytes:
    """Gaussian blur; sigma in pixels."""
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma)))


def sharpen(pixels: Bytes, percent: int, radius: float = 2) -> Bytes:
    """Unsharp mask; the radius in pixels, the strength in percent."""
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.UnsharpMask(radius, percent, 0)))


def resize(
    pixels: Bytes,
    size: tuple[int, int],
    resampling: Image.Resampling = Image.Resampling.BILINEAR,
) -> Bytes:
    """Resize to (width, height), antialiased."""
    return np.asarray(Image.fromarray(pixels).resize(size, resampling))


def scale(
    pixels: Bytes, factor: float, resampling: Image.Resampling = Image.Resampling.BILINEAR
) -> Bytes:
    """Resize both sides by a factor, antialiased."""
    return resize(pixels, scaled_size(pixels, factor), resampling)


def resample(
    pixels: Bytes,
    size: tuple[int, int],
    down: Image.Resampling = Image.Resampling.BICUBIC,
    up: Image.Resampling = Image.Resampling.BICUBIC,
) -> Bytes:
    """Resize to (width, height) and back to the original size."""
    height, width = pixels.shape[:2]
    return resize(resize(pixels, size, down), (width, height), up)


def scaled_size(pixels: Bytes, factor: float) -> tuple[int, int]:
    """(width, height) of the image scaled by a factor; at least one pixel."""
    height, width = pixels.shape[:2]
    return max(1, round(width * factor)), max(1, round(height * factor))


def noise(
    pixels: Bytes,
    std: float,
    rng: np.random.Generator,
    dtype: type[np.float32 | np.float64] = np.float64,
) -> Bytes:
    """Gaussian noise, independent in each value; std in units of 255.

    float32 is about twice as fast; it draws other numbers from the generator.
    """
    values: NDArray[np.floating] = rng.standard_normal(pixels.shape, dtype=dtype)
    values *= std
    values += pixels
    return _to_bytes(values)


def flip(pixels: Bytes) -> Bytes:
    """Mirror left to right."""
    return np.ascontiguousarray(pixels[:, ::-1])


def shift(pixels: Bytes, step: int) -> Bytes:
    """Cut `step` pixels off the top and the left side."""
    return pixels[step:, step:]


def adjust(pixels: Bytes, kind: Property, factor: float) -> Bytes:
    """Multiply brightness, contrast or saturation by a factor; 1 changes nothing."""
    return np.asarray(_ENHANCERS[kind](Image.fromarray(pixels)).enhance(factor))


def gamma(pixels: Bytes, exponent: float) -> Bytes:
    """Brighten (exponent below 1) or darken (above 1); black and white stay."""
    return _to_bytes(255 * (pixels / 255) ** exponent)


def shade(pixels: Bytes, darkest: float, rng: np.random.Generator) -> Bytes:
    """Light from one side: a factor from 1 to `darkest`, left to right or right to left."""
    light = np.linspace(1, darkest, pixels.shape[1])[:, None]
    return _to_bytes(pixels * (light if rng.random() < 0.5 else light[::-1]))


def cover(pixels: Bytes, top: int, left: int, patch: Bytes) -> Bytes:
    """Lay a patch (h, w, 3) over the image."""
    covered = pixels.copy()
    covered[top : top + len(patch), left : left + patch.shape[1]] = patch
    return covered


def occlude(pixels: Bytes, share: float, rng: np.random.Generator) -> Bytes:
    """Cover a share of the area with a grey box of the image's proportions, at a random place.

    After DeVries & Taylor, "Improved regularization … with cutout" (2017).
    """
    sides = np.asarray(pixels.shape[:2])
    box = np.rint(sides * share**0.5).astype(int)
    top, left = rng.integers(0, sides - box, endpoint=True)
    return cover(pixels, top, left, np.full((*box, 3), 128, np.uint8))


def _reencode(pixels: Bytes, file_format: str, **options: object) -> Bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, file_format, **options)
    return np.asarray(Image.open(file).convert("RGB"))


def _to_bytes(values: NDArray[np.floating]) -> Bytes:
    np.rint(values, out=values)
    return np.clip(values, 0, 255, out=values).astype(np.uint8)
