"""Fits calibrators and a threshold on validation pictures, and says what that gained."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from detection_model.card import (
    Calibrator,
    Card,
    CardError,
    IsotonicCalibrator,
    NoCalibrator,
    TemperatureCalibrator,
    identity,
)
from detection_model.data.decoding import Progress
from detection_model.data.folders import SplitName
from detection_model.evaluation.bootstrap import estimate
from detection_model.evaluation.evaluate import as_predictions
from detection_model.evaluation.metrics import Labels, Scores, all_metrics, labels_and_scores
from detection_model.evaluation.perturbations import ORIGINAL
from detection_model.evaluation.records import Calibration, Gain, Method, Prediction, Quality
from detection_model.evaluation.rows import recalibrated
from detection_model.evaluation.scoring import Judge, data_for, score
from detection_model.evaluation.thresholds import Rule, choose
from detection_model.evaluation.voices import voices

# As predictions.csv rounds probabilities.
_LEAST = 1e-6


def judged_splits(
    detector: Judge,
    data: Path,
    dataset: str | None = None,
    progress: Progress = lambda _done, _total: None,
) -> dict[SplitName, list[Prediction]]:
    """Predictions on the validation split, and on the test split where there is one.

    Raises:
        DataError: no validation pictures of both classes.
    """
    found = data_for([detector], data)
    splits: list[SplitName] = ["validation", *(["test"] if found.splits.get("test") else [])]  # type: ignore[list-item]
    return {
        split: as_predictions(
            score(detector, found.split(split), decoding=progress),
            (dataset or found.name, split, ORIGINAL),
            found,
        )
        for split in splits
    }


def together(
    judged: Iterable[Mapping[SplitName, list[Prediction]]],
) -> dict[SplitName, list[Prediction]]:
    """Those of several data sets, split by split."""
    found: dict[SplitName, list[Prediction]] = {}
    for one in judged:
        for split, predictions in one.items():
            found.setdefault(split, []).extend(predictions)
    return found


def calibrated_card(
    card: Card,
    validation: Sequence[Prediction],
    method: Method,
    rule: Rule,
    *,
    target: float | None = None,
) -> Card:
    """The card with a calibrator fitted, and a threshold chosen, on validation predictions.

    Every source of pictures has the same say within its class: see `voices`.

    Raises:
        CardError: fakes get lower probabilities than reals, or no threshold reaches the target.
    """
    labels, scores = labels_and_scores(recalibrated(validation, NoCalibrator()))
    auc = estimate(labels, scores, 0.5)["auc"]
    if auc.high < 0.5:
        raise CardError(
            f"{card.name} gives fakes lower probabilities than reals (AUC {auc.value:.3f}): Fake "
            "is swapped with Real in the folders' names or in the card's output.classes"
        )
    weights = voices(validation)
    calibrator = fit(method, np.asarray([row.logit for row in validation]), labels, weights)
    labels, scores = labels_and_scores(recalibrated(validation, calibrator))
    threshold = choose(
        labels, scores, rule, target=target, where=said_of(validation), weights=weights
    )
    return card.model_copy(update={"calibrator": calibrator, "threshold": threshold})


def said_of(predictions: Sequence[Prediction]) -> str:
    """Data sets, split and sample sizes."""
    fakes = sum(row.label == "Fake" for row in predictions)
    reals = len(predictions) - fakes
    return f"{_datasets(predictions)}, {predictions[0].split} ({reals} real, {fakes} fake)"


def fit(
    method: Method, logits: Scores, labels: Labels, weights: Scores | None = None
) -> Calibrator:
    """A calibrator of log-odds of Fake (n,) for labels (n,), both classes in them.

    `weights` (n,) say how much each picture counts; none: all alike.

    temperature: Guo et al., "On Calibration of Modern Neural Networks" (2017). platt: Platt
    (1999), a temperature with a bias. isotonic: Zadrozny & Elkan (2002).
    """
    match method:
        case "none":
            return NoCalibrator()
        case "isotonic":
            return _isotonic(logits, labels, weights)
    return _temperature(logits, labels, weights, with_bias=method == "platt")


def gains(
    before: Card, after: Card, splits: Mapping[SplitName, Sequence[Prediction]], method: Method
) -> Calibration:
    """What the calibrator of the one card changes to that of the other, by split."""
    return Calibration(
        model=after.name,
        model_sha256=identity(after),
        dataset=_datasets(splits["validation"]),
        method=method,
        gains=[
            Gain(
                split=split,
                n_real=sum(row.label == "Real" for row in predictions),
                n_fake=sum(row.label == "Fake" for row in predictions),
                fitted_here=split == "validation" and method != "none",
                before=_quality(recalibrated(predictions, before.calibrator)),
                after=_quality(recalibrated(predictions, after.calibrator)),
            )
            for split, predictions in splits.items()
        ],
    )


def negative_log_likelihood(labels: Labels, scores: Scores) -> float:
    """Mean of -log of the probability of what it is; probabilities clipped at 1e-6."""
    clipped = np.clip(scores, _LEAST, 1 - _LEAST)
    return float(-np.mean(np.log(np.where(labels, clipped, 1 - clipped))))


def _datasets(predictions: Sequence[Prediction]) -> str:
    return " + ".join(dict.fromkeys(row.dataset for row in predictions))


def _quality(predictions: Sequence[Prediction]) -> Quality:
    labels, scores = labels_and_scores(predictions)
    found = all_metrics(labels, scores, 0.5)
    nll = negative_log_likelihood(labels, scores)
    return Quality(ece=round(found["ece"], 4), brier=round(found["brier"], 4), nll=round(nll, 4))


def _temperature(
    logits: Scores, labels: Labels, weights: Scores | None, *, with_bias: bool
) -> TemperatureCalibrator:
    """Least negative log-likelihood over log temperature (and bias); both convex in 1/T."""
    from scipy.optimize import minimize

    signs = np.where(labels, -1.0, 1.0)

    def loss(parameters: Scores) -> float:
        scaled = logits * parameters[0] + (parameters[1] if with_bias else 0.0)
        return float(np.average(np.logaddexp(0, signs * scaled), weights=weights))

    # The bounds keep classes that are wholly apart from ending in certainty.
    bounds = [(1e-3, 1e2), (-20, 20)][: 1 + with_bias]
    start = [1.0, 0.0][: 1 + with_bias]
    best = minimize(loss, start, bounds=bounds, method="L-BFGS-B").x
    return TemperatureCalibrator(
        temperature=round(1 / float(best[0]), 6), bias=round(float(best[1]), 6) if with_bias else 0
    )


def _isotonic(logits: Scores, labels: Labels, weights: Scores | None) -> IsotonicCalibrator:
    """Between Platt's bounds: n pictures are never reason enough for 0 or 1."""
    from sklearn.isotonic import IsotonicRegression

    lowest, highest = 1 / ((~labels).sum() + 2), 1 - 1 / (labels.sum() + 2)
    regression = IsotonicRegression(y_min=lowest, y_max=highest, out_of_bounds="clip")
    probabilities = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
    regression.fit(probabilities, labels, sample_weight=weights)
    x, y = regression.X_thresholds_.tolist(), regression.y_thresholds_.tolist()
    if len(x) < 2:
        raise CardError("all pictures have the same probability: there is nothing to calibrate")
    return IsotonicCalibrator(x=tuple(x), y=tuple(y))
