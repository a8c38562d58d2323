"""Methods that attribute the log-odds of Fake to pixels: occlusion, integrated gradients, LIME.

Grad-CAM, which needs the network's layers, is in `log_odds`.
"""

import math
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detection_model import imaging
from detection_model.card import InputSpec
from detection_model.data.decoding import Progress
from detection_model.explain.attribution import Attribution, ExplainError
from detection_model.explain.log_odds import LogOdds

# Side of the cover as a share of the image's; it moves by half its side.
COVER = 1 / 8
_BATCH = 16
# Neutral: black or white would stand out, or get no attribution.
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


POINTS = 64
_GRADIENT_BATCH = 8


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
    for start in range(0, points, _GRADIENT_BATCH):
        share = shares[start : start + _GRADIENT_BATCH, None, None, None]
        _, gradients = model.gradients(grey + share * (picture - grey))
        mean += np.tensordot(weights[start : start + _GRADIENT_BATCH], gradients, axes=1)
        progress(min(start + _GRADIENT_BATCH, points), points)
    attribution = ((picture - grey) * mean).sum(axis=2)
    log_odds, baseline = map(float, model.values(np.stack([picture, grey])))
    missing = log_odds - baseline - float(attribution.sum(dtype=np.float64))
    return Integrated(attribution, log_odds, baseline, missing)


SEGMENTS, SAMPLES = 64, 512


class Lime(NamedTuple):
    """`fit` is the weighted R² of the linear model, at most 1; a low one is not trustworthy."""

    attribution: Attribution
    fit: float


def lime(
    model: LogOdds,
    pixels: NDArray[np.uint8],
    spec: InputSpec,
    *,
    samples: int = SAMPLES,
    segments: int = SEGMENTS,
    seed: int = 0,
    progress: Progress = lambda _done, _total: None,
) -> Lime:
    """Attribution in log-odds of Fake by region; Ribeiro et al., "Why Should I Trust You?" (2016).

    Random regions (SLIC superpixels) are replaced by their mean colours, and a ridge regression
    gives each region its weight; samples closer to the image weigh more. Uses VisuaLIME.

    Args:
        model: to explain.
        pixels: uint8 RGB (spec.height, spec.width, 3).
        spec: the input part of the model's card.
        samples: number of images with replaced regions.
        segments: approximate number of regions.
        seed: of the random choice of regions.
        progress: called with (done, total) samples; an exception stops the work.

    Raises:
        ExplainError: the library is not installed.
    """
    try:
        from sklearn.metrics import r2_score
        from visualime import lime as library
        from visualime.metrics import exponential_kernel
    except ImportError:
        raise ExplainError(
            "LIME needs the extra explain: pip install 'detection-model[explain]'"
        ) from None

    regions = library.create_segments(pixels, "slic", {"n_segments": segments, "compactness": 10})
    visible = np.random.default_rng(seed).integers(0, 2, (samples, int(regions.max()) + 1))
    visible[0] = 1
    flat = _mean_colours(pixels, regions)
    batches = []
    progress(0, samples)
    for start in range(0, samples, _BATCH):
        altered = library.generate_images(pixels, regions, visible[start : start + _BATCH], flat)
        batches.append(model.values(imaging.scale(altered, spec)))
        progress(min(start + _BATCH, samples), samples)
    log_odds = np.concatenate(batches).astype(np.float64)
    # Cosine distance to all ones; the library's own formula omits their norm.
    distances = 1 - np.sqrt(visible.mean(axis=1))
    coefficients = library.weigh_segments(
        visible, log_odds[:, None], 0, "ridge", distances=distances
    )
    weights, linear = exponential_kernel(distances), visible @ coefficients
    linear += np.average(log_odds - linear, weights=weights)
    fit = float(r2_score(log_odds, linear, sample_weight=weights))
    return Lime(coefficients[regions].astype(np.float32), fit)


def _mean_colours(pixels: NDArray[np.uint8], regions: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Each region (h, w, region index) filled with its mean colour."""
    labels = regions.ravel()
    counts = np.maximum(np.bincount(labels), 1)
    means = [np.bincount(labels, pixels[..., colour].ravel()) / counts for colour in range(3)]
    flat: NDArray[np.uint8] = np.stack(means, axis=1).round().astype(np.uint8)[regions]
    return flat
