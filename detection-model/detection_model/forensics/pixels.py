"""Views of the pixels: error level, noise residual and colour histograms."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter
from pydantic import BaseModel, Field

from detection_model.forensics import common
from detection_model.forensics.common import View
from detection_model.measures import Bytes, Floats

_QUALITY = 90


class ErrorLevels(BaseModel):
    """Error statistics, in levels of 255."""

    quality: int = Field(description="libjpeg quality of the copy")
    gain: float = Field(description="factor from errors to the levels of the view")
    mean: float
    percentile_99: float


def error_level(data: bytes, pixels: Bytes) -> View:
    """Absolute difference between an image and its JPEG copy.

    Krawetz, "A Picture's Worth: Digital Image Analysis and Forensics" (Black Hat 2007). Its value
    as evidence is disputed: the view is for trained eyes.

    Args:
        data: the file; `imaging.decode` accepts it.
        pixels: the decoded, upright image, uint8 RGB (height, width, 3).
    """
    orientation = common.orientation(data)
    stored = common.as_stored(pixels, orientation)
    file = io.BytesIO()
    # Full-resolution chroma: subsampling would light up every coloured edge.
    stored.save(file, "JPEG", quality=_QUALITY, subsampling=0)
    with Image.open(file) as copy:
        errors = ImageChops.difference(stored, copy.convert("RGB"))
    counts = np.asarray(errors.histogram(), np.int64).reshape(3, 256).sum(axis=0)
    below = np.cumsum(counts) / counts.sum()
    # Scaled by a percentile: one outlier would leave all else dark.
    gain = 255 / max(1, int(np.searchsorted(below, 0.999)))
    amplified = errors.point([min(255, round(level * gain)) for level in range(256)] * 3)
    return View(
        "error_level",
        {"errors": common.to_view(amplified, orientation)},
        ErrorLevels(
            quality=_QUALITY,
            gain=round(gain, 3),
            mean=round(float(counts @ np.arange(256) / counts.sum()), 3),
            percentile_99=float(np.searchsorted(below, 0.99)),
        ),
    )


_GAIN = 8
_BLOCK = 16


class Noise(BaseModel):
    """Standard deviations of the luma's residual, in levels of 255."""

    gain: int = Field(description="the view's levels are 128 plus the residual times this")
    deviation: float = Field(description="root mean square over the image")
    block: int = Field(description="side of the blocks behind the percentiles, in pixels")
    percentile_5: float = Field(description="5th percentile over the blocks")
    median: float
    percentile_95: float


def noise(_data: bytes, pixels: Bytes) -> View:
    """Luma minus its 3 x 3 median, which keeps edges better than a mean.

    Args:
        pixels: uint8 RGB (height, width, 3), each side at least 16.
    """
    luma = Image.fromarray(pixels).convert("L")
    smooth = np.asarray(luma.filter(ImageFilter.MedianFilter(3)), np.int16)
    residual = np.asarray(luma, np.int16) - smooth
    blocks = _block_deviations(residual)
    low, median, high = np.percentile(blocks, [5, 50, 95]).round(3).tolist()
    view = Image.fromarray(np.clip(128 + _GAIN * residual, 0, 255).astype(np.uint8))
    return View(
        "noise",
        {"residual": common.to_view(view, 1)},
        Noise(
            gain=_GAIN,
            deviation=round(float(np.sqrt(np.mean(blocks**2))), 3),
            block=_BLOCK,
            percentile_5=low,
            median=median,
            percentile_95=high,
        ),
    )


def _block_deviations(residual: NDArray[np.int16]) -> NDArray[np.float64]:
    """Root mean square of each complete block."""
    rows, columns = (side // _BLOCK for side in residual.shape)
    inside = np.abs(residual[: rows * _BLOCK, : columns * _BLOCK]).astype(np.uint16)
    # 255 squared still fits 16 bits.
    blocks = np.square(inside).reshape(rows, _BLOCK, columns, _BLOCK)
    return np.asarray(np.sqrt(blocks.mean(axis=(1, 3), dtype=np.float64)))


_HEIGHT = 120


class Colours(BaseModel):
    """Counts of the 256 levels of each channel, and their irregularities."""

    red: list[int]
    green: list[int]
    blue: list[int]
    gaps: list[int] = Field(
        description="unused levels of red, green and blue between the 1st and the 99th percentile"
    )
    darkest: float = Field(description="share of all values that are 0")
    brightest: float = Field(description="share of all values that are 255")


def colours(_data: bytes, pixels: Bytes) -> View:
    """Histograms of uint8 RGB (height, width, 3).

    Generators rarely produce saturated pixels (McCloskey & Albright, "Detecting GAN-generated
    Imagery using Color Cues", 2018): see `darkest` and `brightest`.
    """
    counts = np.asarray(Image.fromarray(pixels).histogram(), np.int64).reshape(3, 256)
    red, green, blue = counts.tolist()
    return View(
        "colours",
        {"histograms": _chart(counts.astype(np.float32))},
        Colours(
            red=red,
            green=green,
            blue=blue,
            gaps=[_gaps(channel) for channel in counts],
            darkest=round(float(counts[:, 0].sum() / counts.sum()), 6),
            brightest=round(float(counts[:, 255].sum() / counts.sum()), 6),
        ),
    )


def _gaps(counts: NDArray[np.int64]) -> int:
    low, high = np.searchsorted(np.cumsum(counts) / counts.sum(), [0.01, 0.99])
    return int(np.sum(counts[low : high + 1] == 0))


def _chart(counts: Floats) -> Bytes:
    """The three histograms one above the other, each in its colour; heights are square roots."""
    parts = []
    for channel, histogram in enumerate(counts):
        grey = common.bars(np.sqrt(histogram), _HEIGHT)
        coloured = np.repeat(grey[..., None], 3, axis=2)
        coloured[grey < 255, channel] = 200
        parts.append(coloured)
    return np.concatenate(parts)
