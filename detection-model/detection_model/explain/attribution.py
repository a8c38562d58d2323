"""Attributions: how much each pixel speaks for Fake, and where it lies on the picture.

An attribution is float32 (height, width): above zero speaks for Fake, below zero for Real, NaN
is where the model did not look. Pure functions; no TensorFlow.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model.card import ClassName, InputSpec
from detection_model.faces import Box

Attribution = NDArray[np.float32]

# Of what speaks for a class, so much may be brighter than full: one pixel would darken the rest.
_CLIPPED = 1.0


class ExplainError(ValueError):
    """An explanation that cannot be given; the message says why."""


def heat(attribution: Attribution, towards: ClassName = "Fake") -> Attribution:
    """A heat map, float32 in [0, 1] of the same shape: what speaks for one of the classes.

    What speaks for the other is 0. The scale is the map's own: 1 stands for the strongest percent
    of what speaks for the class in this picture, however weak. Where nothing does, all is 0; NaN
    stays NaN.
    """
    evidence: Attribution = attribution if towards == "Fake" else -attribution
    above = evidence[evidence > 0]
    if above.size == 0:
        return np.multiply(evidence, 0, dtype=np.float32)
    full = np.percentile(above, 100 - _CLIPPED)
    shown: Attribution = np.clip(evidence / full, 0, 1).astype(np.float32)
    return shown


def onto_picture(
    attribution: Attribution, spec: InputSpec, *, height: int, width: int, box: Box | None = None
) -> Attribution:
    """An attribution over a model's input, brought back onto the whole upright picture.

    The inverse of cutting `box` out and of `images.resize`: the margins of `pad` are left out.

    Args:
        attribution: (spec.height, spec.width).
        spec: how the picture became the input.
        height: of the picture, in pixels.
        width: of the picture, in pixels.
        box: what was cut out of the picture before; none: nothing.

    Returns:
        (height, width), NaN where the model did not look: outside `box`, and where `center-crop`
        cuts.
    """
    box = box or Box(0, 0, width, height)
    seen, source = _seen(spec, height=box.bottom - box.top, width=box.right - box.left)
    size = (seen.right - seen.left, seen.bottom - seen.top)
    whole: Attribution = np.full((height, width), np.nan, np.float32)
    top, left = box.top + seen.top, box.left + seen.left
    image = Image.fromarray(np.ascontiguousarray(attribution, np.float32))
    # Enlarging by it is smooth; shrinking by it averages all that falls on a pixel.
    resized = image.resize(size, Image.Resampling.BILINEAR, box=source)
    whole[top : top + size[1], left : left + size[0]] = np.asarray(resized)
    return whole


def _seen(
    spec: InputSpec, *, height: int, width: int
) -> tuple[Box, tuple[float, float, float, float]]:
    """What of a picture of that size the model sees, and where in its input that lies."""
    all_of_it, all_of_input = Box(0, 0, width, height), (0.0, 0.0, spec.width, spec.height)
    match spec.resize:
        case "center-crop":
            scale = min(width / spec.width, height / spec.height)
            wide, high = round(spec.width * scale), round(spec.height * scale)
            left, top = (width - wide) // 2, (height - high) // 2
            return Box(left, top, left + wide, top + high), all_of_input
        case "pad":
            scale = min(spec.width / width, spec.height / height)
            wide, high = round(width * scale), round(height * scale)
            left, top = round((spec.width - wide) / 2), round((spec.height - high) / 2)
            return all_of_it, (left, top, left + wide, top + high)
    return all_of_it, all_of_input
