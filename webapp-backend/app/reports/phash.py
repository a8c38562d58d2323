"""Perceptual hash of a picture."""

import numpy as np
from numpy.typing import NDArray

from detection_model import imaging, measures
from detection_model.card import InputSpec

_SPEC = InputSpec(height=256, width=256)


def perceptual_hash(pixels: NDArray[np.uint8]) -> str | None:
    """256-bit hash of uint8 RGB (h, w, 3), as in `data inspect`, in hex; None without scipy."""
    grey = measures.to_grey(imaging.resize(pixels, _SPEC)[None])
    try:
        return bytes(measures.perceptual_hashes(grey)[0]).hex()
    except ImportError:
        return None
