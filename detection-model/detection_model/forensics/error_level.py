"""Error-level analysis: what changes when a picture is saved once more.

Krawetz, "A Picture's Worth: Digital Image Analysis and Forensics" (Black Hat 2007). Contested as
evidence: it is a view for trained eyes.
"""

import io

import numpy as np
from PIL import Image, ImageChops
from pydantic import BaseModel, Field

from detection_model.data.audit.measures import Bytes
from detection_model.forensics import common
from detection_model.forensics.common import View

QUALITY = 90


class ErrorLevels(BaseModel):
    """How strong the errors are, in levels of 255."""

    quality: int = Field(description="libjpeg quality of the copy")
    gain: float = Field(description="the view's levels are the errors times this")
    mean: float
    percentile_99: float


def error_level(data: bytes, pixels: Bytes) -> View:
    """Absolute difference between a picture and its JPEG copy.

    Args:
        data: the file, as `images.decode` has accepted it.
        pixels: what it decoded to, uint8 RGB (height, width, 3), upright.
    """
    turned = common.orientation(data)
    stored = common.as_stored(pixels, turned)
    file = io.BytesIO()
    # Colour at full size: a copy with less of it would light up every coloured edge.
    stored.save(file, "JPEG", quality=QUALITY, subsampling=0)
    with Image.open(file) as copy:
        errors = ImageChops.difference(stored, copy.convert("RGB"))
    counts = np.asarray(errors.histogram(), np.int64).reshape(3, 256).sum(axis=0)
    below = np.cumsum(counts) / counts.sum()
    # Not by the largest: one odd point would leave all else dark.
    gain = 255 / max(1, int(np.searchsorted(below, 0.999)))
    amplified = errors.point([min(255, round(level * gain)) for level in range(256)] * 3)
    return View(
        "error_level",
        {"errors": common.shown(amplified, turned)},
        ErrorLevels(
            quality=QUALITY,
            gain=round(gain, 3),
            mean=round(float(counts @ np.arange(256) / counts.sum()), 3),
            percentile_99=float(np.searchsorted(below, 0.99)),
        ),
    )
