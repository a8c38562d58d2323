"""Fits the uncertainty settings of a card: conformal sets, robustness margin, OOD statistics."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detection_model import imaging, perturb
from detection_model.card import Calibrator, Card, Conformal, Scope, Steadiness
from detection_model.data.folders import DataError, Example
from detection_model.data.preprocessing import Progress, bounded_map
from detection_model.evaluation.calibration import data_summary
from detection_model.evaluation.metrics import source_weights
from detection_model.evaluation.records import Prediction
from detection_model.evaluation.scoring import Model, data_for
from detection_model.inference.crops import Crop, ImageCrops
from detection_model.inference.probability import calibrate, calibrated_logit
from detection_model.inference.uncertainty import NAMES, measure, perturbed_crops

# Share of pictures that small perturbations move by at most the margin, and share of training
# crops within the OOD limit.
_STEADY_SHARE = 0.95
_WITHIN = 0.998
_SEED = 0
# More pictures change the results little.
_MOST_STEADY, _MOST_SCOPE = 200, 500


def fit_uncertainty(
    card: Card,
    detector: Model,
    validation: Sequence[Prediction],
    folders: Sequence[Path],
    coverage: float,
    progress: Progress = lambda _done, _total: None,
) -> Card:
    """The card with all uncertainty settings; its calibrator must be the final one.

    Args:
        card: a calibrated card.
        detector: the loaded model.
        validation: its predictions on the validation splits of all folders.
        folders: the data sets' folders.
        coverage: of the conformal sets, in (0, 1).
        progress: called with (done, total) pictures.

    Raises:
        DataError: none of the pictures can be read.
    """
    data_folders = [data_for([detector], folder) for folder in folders]
    validation_examples = [example for data in data_folders for example in data.split("validation")]
    train_examples = [example for data in data_folders for example in data.splits.get("train", [])]
    names = " + ".join(data.name for data in data_folders)
    where, margin = data_summary(validation), detector.face_margin
    ood: Scope | None = None
    if margin is not None and train_examples:
        ood = fit_ood(train_examples, margin, f"{names}, train", progress)
    return card.model_copy(
        update={
            "conformal": fit_conformal(validation, card.calibrator, coverage, where),
            "steadiness": fit_robustness(
                detector, validation_examples, card.calibrator, where, progress
            ),
            "scope": ood,
        }
    )


def fit_conformal(
    validation: Sequence[Prediction], calibrator: Calibrator, coverage: float, where: str
) -> Conformal:
    """Limits of class-conditional split-conformal sets, from predictions of both classes.

    Coverage holds for pictures distributed like the validation pictures. The calibrator may be
    fitted on the same predictions: it keeps their order, and the limits depend on nothing else.
    """
    nonconformity: dict[str, list[float]] = {"Real": [], "Fake": []}
    weights: dict[str, list[float]] = {"Real": [], "Fake": []}
    for row, weight in zip(validation, source_weights(validation), strict=True):
        fake = calibrate(row.logit, calibrator)
        nonconformity[row.label].append(fake if row.label == "Real" else 1 - fake)
        weights[row.label].append(weight)
    return Conformal(
        coverage=coverage,
        real=_limit(nonconformity["Real"], weights["Real"], coverage),
        fake=_limit(nonconformity["Fake"], weights["Fake"], coverage),
        data=where,
        pictures=len(validation),
    )


def fit_robustness(
    detector: Model,
    examples: Sequence[Example],
    calibrator: Calibrator,
    where: str,
    progress: Progress = lambda _done, _total: None,
) -> Steadiness:
    """The robustness margin: largest shift in calibrated log-odds for 95 % of the pictures.

    Raises:
        DataError: none of the pictures can be read.
    """

    def shift(crop: Crop) -> float:
        crops = [crop, *perturbed_crops(crop).values()]
        first, *others = [
            calibrated_logit(detector.log_odds(perturbation), calibrator) for perturbation in crops
        ]
        return max(abs(other - first) for other in others)

    uses_face = detector.face_margin is not None
    crops = _crops(examples, _MOST_STEADY, uses_face=uses_face, progress=progress)
    shifts = [shift(crop) for crop in crops]
    reach = float(np.quantile(shifts, _STEADY_SHARE))
    return Steadiness(reach=round(reach, 4), share=_STEADY_SHARE, data=where, pictures=len(shifts))


def fit_ood(
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

    uses_face = face_margin is not None
    values = [
        measure(change(crop.pixels(face_margin)), NAMES)
        for crop in _crops(examples, _MOST_SCOPE, uses_face=uses_face, progress=progress)
        for change in _VARIANTS
    ]
    measures = np.array(values)
    # Shrinkage needs a common scale: the measures have different units.
    scale = measures.std(axis=0) + 1e-6
    fitted = LedoitWolf().fit(measures / scale)
    precision = fitted.precision_ / np.outer(scale, scale)
    deviations = measures - measures.mean(axis=0)
    distances = np.einsum("ij,jk,ik->i", deviations, precision, deviations)
    return Scope(
        measures=NAMES,
        centre=tuple(map(float, measures.mean(axis=0))),
        precision=tuple(tuple(map(float, row)) for row in precision),
        limit=round(float(np.quantile(distances, _WITHIN)), 4),
        data=where,
        pictures=len(values) // len(_VARIANTS),
    )


def _limit(nonconformity: Sequence[float], weights: Sequence[float], coverage: float) -> float:
    """The smallest limit with the coverage; 1 if there are too few pictures.

    A new picture gets the largest weight (Tibshirani et al., "Conformal prediction under covariate
    shift", 2019): with equal weights this is the usual n + 1 of split-conformal sets.
    """
    order = np.argsort(nonconformity)
    cumulative = np.cumsum(np.asarray(weights)[order])
    required = coverage * (cumulative[-1] + max(weights))
    index = int(np.searchsorted(cumulative, required - 1e-9))
    return float(nonconformity[order[index]]) if index < len(order) else 1.0


def _crops(
    examples: Sequence[Example], most: int, *, uses_face: bool, progress: Progress
) -> Iterator[Crop]:
    """The crop that the model sees of each readable picture, from a random subset.

    This is the crop of the leading face if the model uses faces and there is one, else the whole
    picture. Progress counts unreadable pictures too.

    Raises:
        DataError: none of the pictures can be read.
    """
    order = np.random.default_rng(_SEED).permutation(len(examples))[:most]

    def decode(index: int) -> ImageCrops | None:
        try:
            return ImageCrops(imaging.decode(examples[index].path.read_bytes()).pixels)
        except (imaging.ImageError, OSError):
            return None

    readable = 0
    with ThreadPoolExecutor() as pool:
        for number, image in enumerate(bounded_map(pool, decode, order.tolist()), start=1):
            if image is not None:
                readable += 1
                yield image.face_crops[0] if uses_face and image.faces else image.whole
            progress(number, len(order))
    if not readable:
        raise DataError("none of the pictures could be read")


Bytes = NDArray[np.uint8]
_VARIANTS: tuple[Callable[[Bytes], Bytes], ...] = (
    lambda pixels: pixels,
    lambda pixels: perturb.jpeg(pixels, 20),
    lambda pixels: perturb.blur(pixels, len(pixels) / 128),
    lambda pixels: perturb.scale(pixels, 0.5),
)
