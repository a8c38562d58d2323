"""Integrated gradients: attributes the log-odds above a grey baseline to the pixels."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detection_model import imaging
from detection_model.card import InputSpec
from detection_model.data.decoding import Progress
from detection_model.explain.attribution import Attribution
from detection_model.explain.log_odds import LogOdds

POINTS = 64
_BATCH = 8
# A neutral baseline: black or white would give dark or bright pixels no attribution.
_GREY = 128


class Integrated(NamedTuple):
    """`attribution` sums to `log_odds - baseline_log_odds - missing`."""

    attribution: Attribution
    log_odds: float
    baseline_log_odds: float
    missing: float


def integrated_gradients(
    model: LogOdds,
    pixels: NDArray[np.uint8],
    spec: InputSpec,
    *,
    points: int = POINTS,
    progress: Progress = lambda _done, _total: None,
) -> Integrated:
    """Attribution in log-odds of Fake; Sundararajan et al., "Axiomatic Attribution" (2017).

    Gauss-Legendre quadrature integrates the gradients on the straight line from a grey image to
    this one; the result is summed over the channels.

    Args:
        model: to explain.
        pixels: uint8 RGB (spec.height, spec.width, 3).
        spec: the input part of the model's card.
        points: number of quadrature points.
        progress: called with (done, total) points; an exception stops the work.
    """
    picture, grey = imaging.scale(pixels, spec), imaging.scale(np.full_like(pixels, _GREY), spec)
    nodes, weights = np.polynomial.legendre.leggauss(points)
    shares, weights = ((nodes + 1) / 2).astype(np.float32), (weights / 2).astype(np.float32)
    mean = np.zeros_like(picture)
    progress(0, points)
    for start in range(0, points, _BATCH):
        share = shares[start : start + _BATCH, None, None, None]
        _, gradients = model.gradients(grey + share * (picture - grey))
        mean += np.tensordot(weights[start : start + _BATCH], gradients, axes=1)
        progress(min(start + _BATCH, points), points)
    attribution = ((picture - grey) * mean).sum(axis=2)
    log_odds, baseline = map(float, model.values(np.stack([picture, grey])))
    missing = log_odds - baseline - float(attribution.sum(dtype=np.float64))
    return Integrated(attribution, log_odds, baseline, missing)
