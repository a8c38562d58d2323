"""LIME: the weights of image regions in a local linear model of the detector."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detection_model import imaging
from detection_model.card import InputSpec
from detection_model.data.decoding import Progress
from detection_model.explain.attribution import Attribution, ExplainError
from detection_model.explain.log_odds import LogOdds

SEGMENTS, SAMPLES = 64, 512
_BATCH = 16


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
