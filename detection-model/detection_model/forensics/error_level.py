"""Error-level analysis: the difference between an image and its JPEG copy.

Krawetz, "A Picture's Worth: Digital Image Analysis and Forensics" (Black Hat 2007). Its value as
evidence is disputed: the view is for trained eyes.
"""

import io

import numpy as np
from PIL import Image, ImageChops
from pydantic import BaseModel, Field

from detection_model.forensics import common
from detection_model.forensics.common import View
from detection_model.measures import Bytes

QUALITY = 90


class ErrorLevels(BaseModel):
    """Error statistics, in levels of 255."""

    quality: int = Field(description="libjpeg quality of the copy")
    gain: float = Field(description="factor from errors to the levels of the view")
    mean: float
    percentile_99: float


def error_level(data: bytes, pixels: Bytes) -> View:
    """Absolute difference between an image and its JPEG copy.

    Args:
        data: the file; `imaging.decode` accepts it.
        pixels: the decoded, upright image, uint8 RGB (height, width, 3).
    """
    orientation = common.orientation(data)
    stored = common.as_stored(pixels, orientation)
    file = io.BytesIO()
    # Full-resolution chroma: subsampling would light up every coloured edge.
    stored.save(file, "JPEG", quality=QUALITY, subsampling=0)
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
            quality=QUALITY,
            gain=round(gain, 3),
            mean=round(float(counts @ np.arange(256) / counts.sum()), 3),
            percentile_99=float(np.searchsorted(below, 0.99)),
        ),
    )
