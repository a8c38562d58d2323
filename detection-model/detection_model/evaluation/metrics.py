"""Metrics with bootstrap intervals, and curves, from labels and probabilities.

Positive is Fake. Scores are probabilities of Fake in [0, 1].
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

from detection_model.evaluation.records import Curve, Curves, Estimate, Prediction

RESAMPLES = 1000
BINS = 15
_CURVE_POINTS = 201

Labels = NDArray[np.bool_]
Scores = NDArray[np.float64]


def labels_and_scores(predictions: Sequence[Prediction]) -> tuple[Labels, Scores]:
    """Is it a fake (n,), and its probability of Fake (n,)."""
    labels = np.asarray([row.label == "Fake" for row in predictions])
    return labels, np.asarray([row.fake for row in predictions], np.float64)


def all_metrics(labels: Labels, scores: Scores, threshold: float) -> dict[str, float]:
    """Every metric by name; those that call classes do so at `threshold`.

    ece: expected calibration error over 15 equal bins (Naeini et al. 2015). brier: mean
    squared error of the probability. eer: error rate where as many reals are called fake as
    fakes are missed. tpr_at_fpr_1, tpr_at_fpr_5: largest share of fakes found while at most 1
    or 5 % of reals are called fake.
    """
    called = scores >= threshold
    found = float(np.sum(called & labels))
    # One curve for all that reads off it: this runs once a bootstrap resample.
    false, true, _ = sk.roc_curve(labels, scores, drop_intermediate=False)
    equal = int(np.argmin(np.abs(false - (1 - true))))
    return {
        "accuracy": float(np.mean(called == labels)),
        "precision": found / max(1.0, float(np.sum(called))),
        "recall": found / float(np.sum(labels)),
        "f1": 2 * found / float(np.sum(called) + np.sum(labels)),
        "real_accuracy": float(np.mean(~called[~labels])),
        "fake_accuracy": float(np.mean(called[labels])),
        "auc": float(sk.auc(false, true)),
        "average_precision": float(sk.average_precision_score(labels, scores)),
        "eer": float((false[equal] + 1 - true[equal]) / 2),
        "tpr_at_fpr_1": float(true[false <= 0.01].max()),
        "tpr_at_fpr_5": float(true[false <= 0.05].max()),
        "ece": expected_calibration_error(labels, scores),
        "brier": float(np.mean((scores - labels) ** 2)),
    }


def estimate(
    labels: Labels, scores: Scores, threshold: float, seed: int = 0
) -> dict[str, Estimate]:
    """Each metric with its 95 % interval: percentiles of 1,000 bootstrap resamples.

    Resampling within each class keeps the class sizes as they were measured.
    """
    rng = np.random.default_rng(seed)
    real, fake = np.flatnonzero(~labels), np.flatnonzero(labels)
    samples = []
    for _ in range(RESAMPLES):
        chosen = np.concatenate([rng.choice(real, len(real)), rng.choice(fake, len(fake))])
        samples.append(list(all_metrics(labels[chosen], scores[chosen], threshold).values()))
    low, high = np.percentile(samples, [2.5, 97.5], axis=0)
    return {
        name: Estimate(value=round(value, 4), low=round(lowest, 4), high=round(highest, 4))
        for (name, value), lowest, highest in zip(
            all_metrics(labels, scores, threshold).items(), low.tolist(), high.tolist(), strict=True
        )
    }


def expected_calibration_error(labels: Labels, scores: Scores) -> float:
    """Mean gap between probability and share of fakes over 15 equal bins, weighted by size."""
    share, mean, weight = _bins(labels, scores)
    return float(np.sum(weight * np.abs(share - mean)))


def curves(labels: Labels, scores: Scores) -> Curves:
    """ROC, precision-recall, reliability and accuracy over the threshold."""
    false, true, _ = sk.roc_curve(labels, scores)
    precision, recall, _ = sk.precision_recall_curve(labels, scores)
    share, mean, _ = _bins(labels, scores)
    thresholds = np.linspace(0, 1, _CURVE_POINTS)
    accuracy = [float(np.mean((scores >= threshold) == labels)) for threshold in thresholds]
    return Curves(
        roc=_curve(false, true),
        precision_recall=_curve(recall[::-1], precision[::-1]),
        reliability=_curve(mean, share),
        threshold=_curve(thresholds, np.asarray(accuracy)),
    )


def report(labels: Labels, scores: Scores, threshold: float) -> str:
    """scikit-learn's classification report as text."""
    return str(
        sk.classification_report(
            labels, scores >= threshold, target_names=["Real", "Fake"], digits=4, zero_division=0
        )
    )


def _bins(labels: Labels, scores: Scores) -> tuple[Scores, Scores, Scores]:
    """Of each bin that is not empty: share of fakes, mean score, share of all pictures."""
    index = np.minimum((scores * BINS).astype(int), BINS - 1)
    size = np.bincount(index, minlength=BINS)
    used = size > 0
    share = np.bincount(index, labels, BINS)[used] / size[used]
    mean = np.bincount(index, scores, BINS)[used] / size[used]
    return share, mean, size[used] / len(scores)


def _curve(x: Scores, y: Scores) -> Curve:
    """At most 201 points of a curve, ends kept."""
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), _CURVE_POINTS)).round().astype(int))
    return Curve(x=[round(float(v), 5) for v in x[keep]], y=[round(float(v), 5) for v in y[keep]])
