"""Colour histograms."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, Field

from detection_model.forensics import common
from detection_model.forensics.common import View
from detection_model.measures import Bytes, Floats

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
