"""Attributions: the evidence of each pixel for Fake, mapped back onto the image.

An attribution is float32 (height, width): positive is evidence for Fake, negative for Real, NaN
is outside the model's input. Pure functions; no TensorFlow.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model.card import ClassName, InputSpec
from detection_model.faces import Box

Attribution = NDArray[np.float32]

# Percent of the evidence that is clipped: a single outlier would darken the rest.
_CLIPPED = 1.0


class ExplainError(ValueError):
    """The explanation is not possible; the message says why."""


def heat(attribution: Attribution, towards: ClassName = "Fake") -> Attribution:
    """The evidence for one class as a heat map, float32 in [0, 1] of the same shape.

    Evidence for the other class is 0. The scale is relative: 1 is the strongest percent of the
    evidence in this image, however weak. Without evidence all is 0; NaN stays NaN.
    """
    evidence: Attribution = attribution if towards == "Fake" else -attribution
    above = evidence[evidence > 0]
    if above.size == 0:
        return np.multiply(evidence, 0, dtype=np.float32)
    full = np.percentile(above, 100 - _CLIPPED)
    scaled: Attribution = np.clip(evidence / full, 0, 1).astype(np.float32)
    return scaled


def onto_image(
    attribution: Attribution,
    spec: InputSpec,
    *,
    height: int,
    width: int,
    box: Box | None = None,
    turns: int = 0,
) -> Attribution:
    """Map an attribution over a model's input back onto the whole upright image.

    This inverts the crop to `box` and `imaging.resize`; the margins of `pad` are dropped.

    Args:
        attribution: (spec.height, spec.width).
        spec: the input part of the model's card.
        height: of the image, in pixels.
        width: of the image, in pixels.
        box: the crop of the image that the model saw; None: the whole image.
        turns: quarter turns counter-clockwise of the crop before the model saw it.

    Returns:
        (height, width), NaN outside the model's input: outside `box`, and outside a `center-crop`.
    """
    box = box or Box(0, 0, width, height)
    shape = (box.bottom - box.top, box.right - box.left)
    turned: Attribution = np.full(shape[::-1] if turns % 2 else shape, np.nan, np.float32)
    region, source = _visible_region(spec, height=turned.shape[0], width=turned.shape[1])
    size = (region.right - region.left, region.bottom - region.top)
    image = Image.fromarray(np.ascontiguousarray(attribution, np.float32))
    # Smooth for enlarging; Pillow's bilinear filter averages for shrinking.
    resized = image.resize(size, Image.Resampling.BILINEAR, box=source)
    turned[region.top : region.bottom, region.left : region.right] = np.asarray(resized)
    mapped: Attribution = np.full((height, width), np.nan, np.float32)
    mapped[box.top : box.bottom, box.left : box.right] = np.rot90(turned, -turns)
    return mapped


def _visible_region(
    spec: InputSpec, *, height: int, width: int
) -> tuple[Box, tuple[float, float, float, float]]:
    """The region of an image that the model sees, and the matching box of its input."""
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
