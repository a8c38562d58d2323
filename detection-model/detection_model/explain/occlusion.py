"""Occlusion: the loss in log-odds of Fake when a part of the image is covered."""

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray

from detection_model import imaging
from detection_model.card import InputSpec
from detection_model.data.decoding import Progress
from detection_model.explain.attribution import Attribution
from detection_model.explain.log_odds import LogOdds

# Side of the cover as a share of the image's; it moves by half its side.
COVER = 1 / 8
_BATCH = 16
_GREY = 128


def occlusion(
    model: LogOdds,
    pixels: NDArray[np.uint8],
    spec: InputSpec,
    *,
    cover: float = COVER,
    progress: Progress = lambda _done, _total: None,
) -> Attribution:
    """Attribution in log-odds of Fake; Zeiler & Fergus, "Visualizing CNNs" (2014).

    A grey rectangle covers each position in turn. A pixel's value is the mean loss over the
    rectangles that cover it.

    Args:
        model: to explain.
        pixels: uint8 RGB (spec.height, spec.width, 3).
        spec: the input part of the model's card.
        cover: height and width of the rectangle as shares of the image's, in (0, 1].
        progress: called with (done, total) positions; an exception stops the work.
    """
    tall, wide = (max(1, round(side * cover)) for side in pixels.shape[:2])
    tops, lefts = _starts(pixels.shape[0], tall), _starts(pixels.shape[1], wide)
    places = [np.s_[top : top + tall, left : left + wide] for top, left in product(tops, lefts)]
    whole = model.values(imaging.scale(pixels[None], spec))[0]
    loss, counts = np.zeros(pixels.shape[:2]), np.zeros(pixels.shape[:2])
    progress(0, len(places))
    for start in range(0, len(places), _BATCH):
        part = places[start : start + _BATCH]
        covered = np.repeat(pixels[None], len(part), axis=0)
        for picture, place in zip(covered, part, strict=True):
            picture[place] = _GREY
        for place, value in zip(part, model.values(imaging.scale(covered, spec)), strict=True):
            loss[place] += whole - value
            counts[place] += 1
        progress(start + len(part), len(places))
    return (loss / counts).astype(np.float32)


def _starts(side: int, cover: int) -> list[int]:
    """Start positions of the cover from edge to edge, spaced by at most half its side."""
    steps = math.ceil((side - cover) / max(1, cover / 2)) + 1
    return [int(start) for start in np.linspace(0, side - cover, steps).round()]
