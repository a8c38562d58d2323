"""Fits a calibrator and chooses a threshold on labelled pictures."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from detection_model.card import (
    Calibrator,
    Card,
    CardError,
    IsotonicCalibrator,
    NoCalibrator,
    TemperatureCalibrator,
    Threshold,
    identity,
)
from detection_model.data.folders import SplitName
from detection_model.data.preprocessing import OnBad, Progress
from detection_model.evaluation.evaluate import as_predictions, recalibrated
from detection_model.evaluation.metrics import (
    Labels,
    Scores,
    all_metrics,
    estimate,
    labels_and_scores,
    source_weights,
)
from detection_model.evaluation.records import Calibration, Gain, Method, Prediction, Quality
from detection_model.evaluation.scoring import ORIGINAL, Model, data_for, score

Rule = Literal["best-f1", "youden", "target-fpr", "target-precision"]
TARGETS: dict[Rule, float] = {"target-fpr": 0.05, "target-precision": 0.95}


def choose_threshold(
    labels: Labels,
    scores: Scores,
    rule: Rule,
    *,
    target: float | None = None,
    where: str,
    weights: Scores | None = None,
) -> Threshold:
    """The best threshold by a rule, with the reason for the card.

    best-f1: largest F1. youden: largest TPR - FPR (Youden 1950). target-fpr: highest TPR with a
    false positive rate of at most `target`. target-precision: highest TPR with a precision of at
    least `target`.

    Candidates are the midpoints between neighbouring scores. Ties go to the highest threshold,
    which has the fewest false positives. Thresholds that call everything or nothing Fake are
    excluded.

    Args:
        labels: bool (n,), true for Fake; both classes must occur.
        scores: calibrated probabilities of Fake, float (n,), in [0, 1].
        rule: the selection rule.
        target: in [0, 1], for target-fpr (default 0.05) and target-precision (default 0.95).
        where: description of the data for the card.
        weights: weight of each picture, float (n,); None: equal weights.

    Raises:
        CardError: no threshold reaches the target, or all scores are the same.
    """
    distinct = np.unique(scores)
    candidates = (distinct[:-1] + distinct[1:]) / 2
    positive = scores >= candidates[:, None]
    counts = np.ones(len(scores)) if weights is None else weights
    fakes, reals = counts * labels, counts * ~labels
    hits, false_alarms = positive @ fakes, positive @ reals
    tpr, fpr, precision = (
        hits / fakes.sum(),
        false_alarms / reals.sum(),
        hits / (hits + false_alarms),
    )
    share = TARGETS.get(rule, 0.0) if target is None else target
    match rule:
        case "best-f1":
            merit, allowed = 2 * hits / (hits + false_alarms + fakes.sum()), tpr >= 0
            reason = "best F1"
        case "youden":
            merit, allowed, reason = tpr - fpr, tpr >= 0, "largest Youden's J"
        case "target-fpr":
            merit, allowed = tpr, fpr <= share
            reason = f"most fakes found with at most {share:.3g} of reals called Fake"
        case "target-precision":
            merit, allowed = tpr, precision >= share
            reason = f"most fakes found with a precision of at least {share:.3g}"
    usable = np.flatnonzero(allowed & (hits > 0))
    if not len(usable):
        raise CardError(f"no threshold on {where}: {reason} cannot be reached")
    best = usable[np.flatnonzero(merit[usable] == merit[usable].max())[-1]]
    f1 = f"F1 {2 * hits[best] / (hits[best] + false_alarms[best] + fakes.sum()):.3f}"
    return Threshold(
        value=round(float(candidates[best]), 7),
        chosen=f"{reason} on {where}: {f1}, {tpr[best]:.3f} of fakes found, {fpr[best]:.3f} "
        "of reals called Fake",
    )


# predictions.csv stores probabilities with this precision.
_MIN_PROBABILITY = 1e-6


def predict_splits(
    detector: Model,
    data: Path,
    dataset: str | None = None,
    progress: Progress = lambda _done, _total: None,
    on_bad: OnBad = lambda _bad: None,
) -> dict[SplitName, list[Prediction]]:
    """Predictions on the validation split, and on the test split if there is one.

    Args:
        detector: the model or ensemble.
        data: the data set's folder.
        dataset: its name in the card; None: the folder's name.
        progress: called with (done, total) decoded pictures.
        on_bad: called with each picture that cannot be read; it is left out.

    Raises:
        DataError: no validation pictures of both classes.
    """
    folder = data_for([detector], data)
    splits: list[SplitName] = ["validation", *(["test"] if folder.splits.get("test") else [])]  # type: ignore[list-item]
    predictions: dict[SplitName, list[Prediction]] = {}
    for split in splits:
        scores = score(detector, folder.split(split), decoding=progress)
        for bad in scores.bad:
            on_bad(bad)
        part = (dataset or folder.name, split, ORIGINAL)
        predictions[split] = as_predictions(scores, part, folder)
    return predictions


def merge_splits(
    predictions_by_set: Iterable[Mapping[SplitName, list[Prediction]]],
) -> dict[SplitName, list[Prediction]]:
    """Concatenate the predictions of several data sets, split by split."""
    by_split: dict[SplitName, list[Prediction]] = {}
    for splits in predictions_by_set:
        for split, predictions in splits.items():
            by_split.setdefault(split, []).extend(predictions)
    return by_split


def calibrated_card(
    card: Card,
    validation: Sequence[Prediction],
    method: Method,
    rule: Rule,
    *,
    target: float | None = None,
) -> Card:
    """The card with a calibrator and a threshold fitted on validation predictions.

    Every source has the same weight within its class: see `source_weights`.

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
    weights = source_weights(validation)
    calibrator = fit(method, np.asarray([row.logit for row in validation]), labels, weights)
    labels, scores = labels_and_scores(recalibrated(validation, calibrator))
    threshold = choose_threshold(
        labels, scores, rule, target=target, where=data_summary(validation), weights=weights
    )
    return card.model_copy(update={"calibrator": calibrator, "threshold": threshold})


def data_summary(predictions: Sequence[Prediction]) -> str:
    """Data sets, split and sample sizes as text for the card."""
    fakes = sum(row.label == "Fake" for row in predictions)
    reals = len(predictions) - fakes
    return f"{_datasets(predictions)}, {predictions[0].split} ({reals} real, {fakes} fake)"


def fit(
    method: Method, logits: Scores, labels: Labels, weights: Scores | None = None
) -> Calibrator:
    """Fit a calibrator of log-odds of Fake, float (n,), to labels, bool (n,), of both classes.

    `weights` are float (n,), one for each picture; None: equal weights.

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
    """Calibration metrics under two cards, by split."""
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
    """Mean of -log of the true class's probability; probabilities are clipped at 1e-6."""
    clipped = np.clip(scores, _MIN_PROBABILITY, 1 - _MIN_PROBABILITY)
    return float(-np.mean(np.log(np.where(labels, clipped, 1 - clipped))))


def _datasets(predictions: Sequence[Prediction]) -> str:
    return " + ".join(dict.fromkeys(row.dataset for row in predictions))


def _quality(predictions: Sequence[Prediction]) -> Quality:
    labels, scores = labels_and_scores(predictions)
    values = all_metrics(labels, scores, 0.5)
    nll = negative_log_likelihood(labels, scores)
    return Quality(ece=round(values["ece"], 4), brier=round(values["brier"], 4), nll=round(nll, 4))


def _temperature(
    logits: Scores, labels: Labels, weights: Scores | None, *, with_bias: bool
) -> TemperatureCalibrator:
    """Minimise the negative log-likelihood, which is convex in 1/T and the bias."""
    from scipy.optimize import minimize

    signs = np.where(labels, -1.0, 1.0)

    def loss(parameters: Scores) -> float:
        scaled = logits * parameters[0] + (parameters[1] if with_bias else 0.0)
        return float(np.average(np.logaddexp(0, signs * scaled), weights=weights))

    # Without bounds, perfectly separated classes would give infinite confidence.
    bounds = [(1e-3, 1e2), (-20, 20)][: 1 + with_bias]
    start = [1.0, 0.0][: 1 + with_bias]
    best = minimize(loss, start, bounds=bounds, method="L-BFGS-B").x
    return TemperatureCalibrator(
        temperature=round(1 / float(best[0]), 6), bias=round(float(best[1]), 6) if with_bias else 0
    )


def _isotonic(logits: Scores, labels: Labels, weights: Scores | None) -> IsotonicCalibrator:
    """Isotonic regression within Platt's bounds, so that no probability is exactly 0 or 1."""
    from sklearn.isotonic import IsotonicRegression

    lowest, highest = 1 / ((~labels).sum() + 2), 1 - 1 / (labels.sum() + 2)
    regression = IsotonicRegression(y_min=lowest, y_max=highest, out_of_bounds="clip")
    probabilities = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
    regression.fit(probabilities, labels, sample_weight=weights)
    x, y = regression.X_thresholds_.tolist(), regression.y_thresholds_.tolist()
    if len(x) < 2:
        raise CardError("all pictures have the same probability: there is nothing to calibrate")
    return IsotonicCalibrator(x=tuple(x), y=tuple(y))
