"""Explains a model's output for an image with one of four methods.

Occlusion, integrated gradients and LIME are here and need only the model's outputs or gradients;
Grad-CAM needs the network's layers and is in `log_odds`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from detection_model import faces, imaging
from detection_model.card import Card, InputSpec, file_sha256
from detection_model.data.preprocessing import Progress
from detection_model.explain.attribution import Attribution, ExplainError, onto_image
from detection_model.explain.log_odds import LogOdds
from detection_model.inference.detector import load_model, resolve_card

Method = Literal["gradcam", "integrated-gradients", "occlusion", "lime"]
METHODS: tuple[Method, ...] = get_args(Method)
# These take seconds to minutes; Grad-CAM takes about as long as a prediction.
SLOW: tuple[Method, ...] = METHODS[1:]


@dataclass(frozen=True)
class Explanation:
    """The explanation of one output.

    `attribution` is float32 (height, width) over the upright image: positive is evidence for Fake,
    negative for Real, NaN is outside the model's input. Its unit is log-odds, except for Grad-CAM,
    which has an arbitrary scale. `log_odds` is that of Fake before calibration. `figures` measure
    how faithful the method is: `missing` log-odds of integrated gradients, `fit` (R²) of LIME.
    """

    method: Method
    attribution: Attribution
    log_odds: float
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Explainer:
    """Explains one model. Reuse it: the first call of each method compiles a function."""

    card: Card
    model: LogOdds

    @classmethod
    def load(cls, path: Path) -> "Explainer":
        """Load a model file and its card; without a card one is assumed.

        Raises:
            ModelError: not a model that takes one image.
            CardError: the card is invalid or contradicts the file.
        """
        model = load_model(path)
        card, _ = resolve_card(path, file_sha256(path), model.facts)
        return cls(card, LogOdds(model, card.output))

    def explain(
        self,
        method: Method,
        pixels: NDArray[np.uint8],
        box: faces.Box | None = None,
        turns: int = 0,
        progress: Progress = lambda _done, _total: None,
    ) -> Explanation:
        """Explain the model's output for an image.

        Args:
            method: one of `METHODS`.
            pixels: the whole upright image, uint8 RGB (h, w, 3).
            box: the crop that the model sees (`faces.crop_box`); None: the whole image.
            turns: quarter turns counter-clockwise before the model sees the crop.
            progress: called with (done, total) by the slow methods; an exception stops the work.

        Raises:
            ExplainError: the method does not apply to this model, or a package is missing.
        """
        height, width = pixels.shape[:2]
        spec = self.card.input
        box = box or faces.Box(0, 0, width, height)
        resized = imaging.resize(faces.crop(pixels, box, turns), spec)
        attribution, figures = self._attribution(method, resized, progress)
        return Explanation(
            method,
            onto_image(attribution, spec, height=height, width=width, box=box, turns=turns),
            log_odds=float(self.model.values(imaging.scale(resized[None], spec))[0]),
            figures=figures,
        )

    def _attribution(
        self, method: Method, pixels: NDArray[np.uint8], progress: Progress
    ) -> tuple[Attribution, dict[str, float]]:
        spec = self.card.input
        match method:
            case "gradcam":
                return self.model.gradcam(imaging.scale(pixels[None], spec))[0], {}
            case "integrated-gradients":
                integrated = integrated_gradients(self.model, pixels, spec, progress=progress)
                return integrated.attribution, {"missing": integrated.missing}
            case "occlusion":
                return occlusion(self.model, pixels, spec, progress=progress), {}
            case "lime":
                result = lime(self.model, pixels, spec, progress=progress)
                return result.attribution, {"fit": result.fit}


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
    for batch in _batches(len(places), _BATCH, progress):
        part = places[batch]
        covered = np.repeat(pixels[None], len(part), axis=0)
        for picture, place in zip(covered, part, strict=True):
            picture[place] = _GREY
        for place, value in zip(part, model.values(imaging.scale(covered, spec)), strict=True):
            loss[place] += whole - value
            counts[place] += 1
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
    for batch in _batches(points, _GRADIENT_BATCH, progress):
        share = shares[batch, None, None, None]
        _, gradients = model.gradients(grey + share * (picture - grey))
        mean += np.tensordot(weights[batch], gradients, axes=1)
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
    values = []
    for batch in _batches(samples, _BATCH, progress):
        altered = library.generate_images(pixels, regions, visible[batch], flat)
        values.append(model.values(imaging.scale(altered, spec)))
    log_odds = np.concatenate(values).astype(np.float64)
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


def _batches(count: int, size: int, progress: Progress) -> Iterator[slice]:
    """Slices of at most `size` of `count`; progress is reported before the first and after each."""
    progress(0, count)
    for start in range(0, count, size):
        stop = min(start + size, count)
        yield slice(start, stop)
        progress(stop, count)
