"""What happens to a picture on its way: re-encoded, scaled, blurred, lit, partly covered.

Pure functions on uint8 RGB (height, width, 3); the same picture and seed give the same result.
The strengths are those of Wang et al., "CNN-generated images are surprisingly easy to spot"
(CVPR 2020), and its followers, widened.
"""

import io
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

Bytes = NDArray[np.uint8]
Delivery = Callable[[Bytes, np.random.Generator], Bytes]

ORIGINAL = "original"
_GREY = 128


def deliver(name: str, pixels: Bytes, sha256: str, seed: int = 0) -> Bytes:
    """A picture as it arrives; chance follows the seed and the file's SHA-256.

    Raises:
        KeyError: no such delivery.
    """
    rng = np.random.default_rng([seed, int(sha256[:16], 16)])
    return DELIVERIES[name](pixels, rng)


def in_sweeps(names: Sequence[str]) -> list[str]:
    """The deliveries of the named sweeps, weakest first; `all` is every sweep.

    Raises:
        KeyError: no such sweep.
    """
    chosen = SWEEPS if "all" in names else names
    return list(dict.fromkeys(delivery for name in chosen for delivery in SWEEPS[name]))


def jpeg(pixels: Bytes, _rng: np.random.Generator, *, quality: int) -> Bytes:
    """Saved as JPEG of a quality from 1 to 100, colours at half the resolution."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(file).convert("RGB"))


def blur(pixels: Bytes, _rng: np.random.Generator, *, sigma: float) -> Bytes:
    """Gaussian blur; sigma in pixels."""
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma)))


def resize(pixels: Bytes, _rng: np.random.Generator, *, factor: float) -> Bytes:
    """Scaled down to a share of its sides, antialiased."""
    height, width = pixels.shape[:2]
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def noise(pixels: Bytes, rng: np.random.Generator, *, std: float) -> Bytes:
    """Gaussian noise, independent in each value; std in [0, 255]."""
    return _to_bytes(pixels + rng.normal(0, std, pixels.shape))


def occlusion(pixels: Bytes, rng: np.random.Generator, *, share: float) -> Bytes:
    """A grey box of the picture's proportions over a share of its area, anywhere.

    After DeVries & Taylor, "Improved regularization … with cutout" (2017).
    """
    sides = np.asarray(pixels.shape[:2])
    box = np.rint(sides * share**0.5).astype(int)
    top, left = rng.integers(0, sides - box, endpoint=True)
    covered = pixels.copy()
    covered[top : top + box[0], left : left + box[1]] = _GREY
    return covered


def gamma(pixels: Bytes, _rng: np.random.Generator, *, exponent: float) -> Bytes:
    """Brighter (exponent below 1) or darker (above); black and white stay."""
    return _to_bytes(255 * (pixels / 255) ** exponent)


def shade(pixels: Bytes, rng: np.random.Generator, *, darkest: float) -> Bytes:
    """Light from one side: falls from 1 to `darkest` from left to right, or the other way."""
    light = np.linspace(1, darkest, pixels.shape[1])[:, None]
    return _to_bytes(pixels * (light if rng.random() < 0.5 else light[::-1]))


def alike(pixels: Bytes, rng: np.random.Generator, *, side: int, quality: int) -> Bytes:
    """Cropped to a square of one size and saved as JPEG: file and size no longer tell classes."""
    square = ImageOps.fit(Image.fromarray(pixels), (side, side), Image.Resampling.BILINEAR)
    return jpeg(np.asarray(square), rng, quality=quality)


def _to_bytes(values: NDArray[np.float64]) -> Bytes:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


SWEEPS: dict[str, dict[str, Delivery]] = {
    "jpeg": {f"jpeg-q{q}": partial(jpeg, quality=q) for q in (100, 90, 75, 60, 40)},
    "blur": {f"blur-{s:g}": partial(blur, sigma=s) for s in (0.5, 1, 2, 3)},
    "resize": {f"resize-{f:g}": partial(resize, factor=f) for f in (0.75, 0.5, 0.25)},
    "noise": {f"noise-{s}": partial(noise, std=s) for s in (2, 5, 10)},
    "occlusion": {f"occlusion-{s:g}": partial(occlusion, share=s) for s in (0.05, 0.1, 0.2)},
    "lighting": {
        **{f"gamma-{e:g}": partial(gamma, exponent=e) for e in (0.5, 0.75, 1.5, 2)},
        **{f"shade-{d:g}": partial(shade, darkest=d) for d in (0.6, 0.3)},
    },
    "alike": {"alike": partial(alike, side=224, quality=75)},
}
DELIVERIES: dict[str, Delivery] = {
    ORIGINAL: lambda pixels, _rng: pixels,
    **{name: found for sweep in SWEEPS.values() for name, found in sweep.items()},
}
