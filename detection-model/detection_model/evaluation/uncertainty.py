"""Fits what a card says of the model's doubts: coverage, steadiness, reach of the training data."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detection_model import imaging, perturb
from detection_model.card import Calibrator, Card, Conformal, Scope, Steadiness
from detection_model.data.decoding import Progress, bounded_map
from detection_model.data.folders import DataError, Example
from detection_model.evaluation.calibration import data_summary
from detection_model.evaluation.metrics import source_weights
from detection_model.evaluation.records import Prediction
from detection_model.evaluation.scoring import Model, data_for
from detection_model.inference.consistency import PERTURBATIONS
from detection_model.inference.crops import Crop, ImageCrops
from detection_model.inference.ood import NAMES, measure
from detection_model.inference.probability import calibrate, calibrated_logit

# Of pictures, those that small changes may move further than the reach, and those of the training
# that may lie beyond the limit.
_STEADY_SHARE = 0.95
_WITHIN = 0.998
_SEED = 0
# More pictures change the figures little.
_MOST_STEADY, _MOST_SCOPE = 200, 500


def fit_uncertainty(
    card: Card,
    detector: Model,
    validation: Sequence[Prediction],
    folders: Sequence[Path],
    coverage: float,
    progress: Progress = lambda _done, _total: None,
) -> Card:
    """The card with all that is fitted here; its calibrator must be the final one.

    Args:
        card: calibrated.
        detector: the model, loaded.
        validation: its predictions on the validation splits of all folders.
        folders: data sets.
        coverage: in (0, 1).
        progress: called with (done, total).

    Raises:
        DataError: none of the pictures can be read.
    """
    found = [data_for([detector], folder) for folder in folders]
    held = [one for data in found for one in data.split("validation")]
    seen = [one for data in found for one in data.splits.get("train", [])]
    names = " + ".join(data.name for data in found)
    where, margin = data_summary(validation), detector.face_margin
    reach: Scope | None = None
    if margin is not None and seen:
        reach = scope(seen, margin, f"{names}, train", progress)
    return card.model_copy(
        update={
            "conformal": conformal(validation, card.calibrator, coverage, where),
            "steadiness": steadiness(detector, held, card.calibrator, where, progress),
            "scope": reach,
        }
    )


def conformal(
    validation: Sequence[Prediction], calibrator: Calibrator, coverage: float, where: str
) -> Conformal:
    """Limits of split-conformal sets, class by class, from predictions of both classes.

    They hold where new pictures come as those of the validation did. That the calibrator was
    fitted on the same predictions does no harm: it keeps their order, which alone decides.
    """
    beyond: dict[str, list[float]] = {"Real": [], "Fake": []}
    weights: dict[str, list[float]] = {"Real": [], "Fake": []}
    for row, weight in zip(validation, source_weights(validation), strict=True):
        fake = calibrate(row.logit, calibrator)
        beyond[row.label].append(fake if row.label == "Real" else 1 - fake)
        weights[row.label].append(weight)
    return Conformal(
        coverage=coverage,
        real=_limit(beyond["Real"], weights["Real"], coverage),
        fake=_limit(beyond["Fake"], weights["Fake"], coverage),
        data=where,
        pictures=len(validation),
    )


def steadiness(
    detector: Model,
    examples: Sequence[Example],
    calibrator: Calibrator,
    where: str,
    progress: Progress = lambda _done, _total: None,
) -> Steadiness:
    """Largest shift of the calibrated log-odds under small perturbations, for most pictures.

    Raises:
        DataError: none of the pictures can be read.
    """
    chosen = _some(examples, _MOST_STEADY)

    def moved(crop: Crop) -> float:
        crops = [crop, *(crop.perturbed(one.apply) for one in PERTURBATIONS.values())]
        first, *others = [calibrated_logit(detector.log_odds(one), calibrator) for one in crops]
        return max(abs(other - first) for other in others)

    found = []
    for number, scene in enumerate(_scenes(chosen), start=1):
        if scene is not None:
            found.append(moved(_judged(scene, looks=detector.face_margin is not None)))
        progress(number, len(chosen))
    if not found:
        raise DataError("none of the pictures could be read")
    reach = float(np.quantile(found, _STEADY_SHARE))
    return Steadiness(reach=round(reach, 4), share=_STEADY_SHARE, data=where, pictures=len(found))


def scope(
    examples: Sequence[Example],
    face_margin: float | None,
    where: str,
    progress: Progress = lambda _done, _total: None,
) -> Scope:
    """Feature statistics of the training pictures: original, re-encoded, blurred and small.

    Raises:
        DataError: none of the pictures can be read.
    """
    from sklearn.covariance import LedoitWolf

    chosen = _some(examples, _MOST_SCOPE)
    values = []
    for number, scene in enumerate(_scenes(chosen), start=1):
        if scene is not None:
            cut = _judged(scene, looks=face_margin is not None).pixels(face_margin)
            values += [measure(change(cut), NAMES) for change in _ARRIVING]
        progress(number, len(chosen))
    if not values:
        raise DataError("none of the pictures could be read")
    measured = np.array(values)
    # Shrunk in units of each measure, since they have none in common.
    scale = measured.std(axis=0) + 1e-6
    fitted = LedoitWolf().fit(measured / scale)
    precision = fitted.precision_ / np.outer(scale, scale)
    off = measured - measured.mean(axis=0)
    distances = np.einsum("ij,jk,ik->i", off, precision, off)
    return Scope(
        measures=NAMES,
        centre=tuple(map(float, measured.mean(axis=0))),
        precision=tuple(tuple(map(float, row)) for row in precision),
        limit=round(float(np.quantile(distances, _WITHIN)), 4),
        data=where,
        pictures=len(values) // len(_ARRIVING),
    )


def _limit(nonconformity: Sequence[float], weights: Sequence[float], coverage: float) -> float:
    """The smallest limit that covers; with too few pictures none does but 1.

    The new picture counts as one of the heaviest (Tibshirani et al., "Conformal prediction under
    covariate shift", 2019): with equal weights that is the usual (n + 1) in split conformal sets.
    """
    order = np.argsort(nonconformity)
    held = np.cumsum(np.asarray(weights)[order])
    needed = coverage * (held[-1] + max(weights))
    at = int(np.searchsorted(held, needed - 1e-9))
    return float(nonconformity[order[at]]) if at < len(order) else 1.0


def _some(examples: Sequence[Example], most: int) -> list[Example]:
    order = np.random.default_rng(_SEED).permutation(len(examples))[:most]
    return [examples[i] for i in order]


def _scenes(examples: Sequence[Example]) -> Iterator[ImageCrops | None]:
    """Decoded pictures, none for those that cannot be read."""

    def read(example: Example) -> ImageCrops | None:
        try:
            return ImageCrops(imaging.decode(example.path.read_bytes()).pixels)
        except (imaging.ImageError, OSError):
            return None

    with ThreadPoolExecutor() as pool:
        yield from bounded_map(pool, read, examples)


def _judged(scene: ImageCrops, *, looks: bool) -> Crop:
    """The largest face, or the whole picture."""
    return scene.face_crops[0] if looks and scene.faces else scene.whole


Bytes = NDArray[np.uint8]
_ARRIVING: tuple[Callable[[Bytes], Bytes], ...] = (
    lambda pixels: pixels,
    lambda pixels: perturb.jpeg(pixels, 20),
    lambda pixels: perturb.blur(pixels, len(pixels) / 128),
    lambda pixels: perturb.scale(pixels, 0.5),
)
