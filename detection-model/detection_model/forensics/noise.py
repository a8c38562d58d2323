"""The noise residual: an image minus its median-filtered copy."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from pydantic import BaseModel, Field

from detection_model.forensics import common
from detection_model.forensics.common import View
from detection_model.measures import Bytes

GAIN = 8
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
    view = Image.fromarray(np.clip(128 + GAIN * residual, 0, 255).astype(np.uint8))
    return View(
        "noise",
        {"residual": common.to_view(view, 1)},
        Noise(
            gain=GAIN,
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
