"""Metrics of a classifier with 95 % bootstrap intervals, and weights that balance sources."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

from detection_model.evaluation.records import Curve, Curves, Estimate, Prediction

BINS = 15
_CURVE_POINTS = 201

Labels = NDArray[np.bool_]
Scores = NDArray[np.float64]
Counts = NDArray[np.float64]


def labels_and_scores(predictions: Sequence[Prediction]) -> tuple[Labels, Scores]:
    """Labels, bool (n,), true for Fake, and probabilities of Fake, float64 (n,), in [0, 1]."""
    labels = np.asarray([row.label == "Fake" for row in predictions], np.bool_)
    return labels, np.asarray([row.fake for row in predictions], np.float64)


def all_metrics(labels: Labels, scores: Scores, threshold: float) -> dict[str, float]:
    """Every metric by name, in [0, 1]; classes are predicted at `threshold`.

    balanced_accuracy: mean of real and fake accuracy. ece: expected calibration error over 15
    equal bins (Naeini et al. 2015). brier: mean squared error of the probability. eer: equal error
    rate, where the false positive rate equals the false negative rate. tpr_at_fpr_1, tpr_at_fpr_5:
    highest true positive rate at a false positive rate of at most 1 or 5 %.

    If a class is missing, metrics that need it are left out.
    """
    counts = np.ones((1, len(labels)))
    values = counted_metrics(labels, scores, threshold, counts)
    return {name: float(values[0]) for name, values in values.items()}


def counted_metrics(
    labels: Labels, scores: Scores, threshold: float, counts: Counts
) -> dict[str, Scores]:
    """Every metric of r resamples at once, each float (r,).

    `counts` (r, n) is the number of times that each picture is in each resample. This is many
    times faster than one resample after another.
    """
    positive = scores >= threshold
    real, fake = counts @ ~labels, counts @ labels
    true_real, true_fake = counts @ (~positive & ~labels), counts @ (positive & labels)
    total = real + fake
    metrics: dict[str, Scores] = {"accuracy": (true_real + true_fake) / total}
    if labels.any() and not labels.all():
        calls = counts @ positive
        metrics |= {
            "balanced_accuracy": (true_real / real + true_fake / fake) / 2,
            "precision": true_fake / np.maximum(1, calls),
            "recall": true_fake / fake,
            "f1": 2 * true_fake / (calls + fake),
        }
    if not labels.all():
        metrics["real_accuracy"] = true_real / real
    if labels.any():
        metrics["fake_accuracy"] = true_fake / fake
    if labels.any() and not labels.all():
        metrics |= _ranking_metrics(labels, scores, counts)
    in_bin = np.eye(BINS)[_bin(scores)]
    gap = np.abs(counts @ (in_bin * labels[:, None]) - counts @ (in_bin * scores[:, None]))
    metrics["ece"] = gap.sum(axis=1) / total
    metrics["brier"] = counts @ (scores - labels) ** 2 / total
    return metrics


def _ranking_metrics(labels: Labels, scores: Scores, counts: Counts) -> dict[str, Scores]:
    """Metrics of the ROC and precision-recall curves, with a point for each distinct score."""
    order = np.argsort(-scores, kind="stable")
    last_of_its_score = np.flatnonzero(np.diff(scores[order], append=-1.0))
    sorted_counts = counts[:, order]
    start = np.zeros((len(counts), 1))

    def so_far(is_in: Labels) -> Counts:
        summed = np.cumsum(sorted_counts * is_in[order], axis=1)[:, last_of_its_score]
        return np.hstack([start, summed])

    true_fake, false_fake = so_far(labels), so_far(~labels)
    tpr, fpr = true_fake / true_fake[:, -1:], false_fake / false_fake[:, -1:]
    precision = true_fake / np.maximum(1, true_fake + false_fake)
    equal = np.argmin(np.abs(fpr - (1 - tpr)), axis=1)[:, None]
    at_equal = [np.take_along_axis(rate, equal, axis=1)[:, 0] for rate in (fpr, 1 - tpr)]
    return {
        "auc": np.trapezoid(tpr, fpr, axis=1),
        # Not interpolated, as in scikit-learn.
        "average_precision": np.sum(np.diff(tpr, axis=1) * precision[:, 1:], axis=1),
        "eer": (at_equal[0] + at_equal[1]) / 2,
        "tpr_at_fpr_1": np.where(fpr <= 0.01, tpr, 0).max(axis=1),
        "tpr_at_fpr_5": np.where(fpr <= 0.05, tpr, 0).max(axis=1),
    }


def expected_calibration_error(labels: Labels, scores: Scores) -> float:
    """Mean gap between probability and share of fakes over 15 equal bins, weighted by size."""
    return all_metrics(labels, scores, 0.5)["ece"]


def over_thresholds(labels: Labels, scores: Scores) -> dict[str, Curve]:
    """Accuracy, per-class accuracy, precision and F1 at 201 thresholds; x is the threshold.

    Precision ends at the highest score: above it nothing is called Fake and it is undefined.
    """
    thresholds = np.linspace(0, 1, _CURVE_POINTS)
    positive = scores >= thresholds[:, None]
    true_fake, calls = (positive & labels).sum(axis=1), positive.sum(axis=1)
    true_real = (~positive & ~labels).sum(axis=1)
    fakes = max(1, int(labels.sum()))
    reals = max(1, int((~labels).sum()))
    has_calls = calls > 0  # up to the highest score
    values = {
        "accuracy": (true_fake + true_real) / len(labels),
        "real_accuracy": true_real / reals,
        "fake_accuracy": true_fake / fakes,
        "precision": true_fake[has_calls] / calls[has_calls],
        "f1": 2 * true_fake / (calls + fakes),
    }
    return {name: _curve(thresholds[: len(ys)], ys) for name, ys in values.items()}


def curves(labels: Labels, scores: Scores) -> Curves:
    """ROC, precision-recall, reliability and metrics over the threshold.

    ROC and precision-recall have no points if a class is missing.
    """
    false = true = precision = recall = np.empty(0)
    if labels.any() and not labels.all():
        false, true, _ = sk.roc_curve(labels, scores)
        precision, recall, _ = sk.precision_recall_curve(labels, scores)
    index = _bin(scores)
    size = np.bincount(index, minlength=BINS)
    nonempty = size > 0
    share = np.bincount(index, labels, BINS)[nonempty] / size[nonempty]
    mean = np.bincount(index, scores, BINS)[nonempty] / size[nonempty]
    thresholds = over_thresholds(labels, scores)
    return Curves(
        roc=_curve(false, true),
        precision_recall=_curve(recall[::-1], precision[::-1]),
        reliability=_curve(mean, share),
        threshold=thresholds["accuracy"],
        thresholds=thresholds,
    )


def report(labels: Labels, scores: Scores, threshold: float) -> str:
    """scikit-learn's classification report as text."""
    return str(
        sk.classification_report(
            labels,
            scores >= threshold,
            labels=[False, True],
            target_names=["Real", "Fake"],
            digits=4,
            zero_division=0,
        )
    )


def _bin(scores: Scores) -> NDArray[np.intp]:
    """Index of each score's bin among 15 equal ones; 1 falls in the last."""
    return np.minimum((scores * BINS).astype(np.intp), BINS - 1)


def _curve(x: Scores, y: Scores) -> Curve:
    """At most 201 points of a curve, including both ends."""
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), _CURVE_POINTS)).round().astype(int))
    return Curve(x=[round(float(v), 5) for v in x[keep]], y=[round(float(v), 5) for v in y[keep]])


RESAMPLES = 1000
# Numbers in one block of resamples: about 16 MB per array.
_BLOCK = 2_000_000


def estimate(
    labels: Labels, scores: Scores, threshold: float, seed: int = 0
) -> dict[str, Estimate]:
    """Each metric with its interval, rounded to 4 decimals."""
    samples = resampled_metrics(labels, scores, threshold, seed)
    return {
        name: as_estimate(value, samples[name])
        for name, value in all_metrics(labels, scores, threshold).items()
    }


def resampled_metrics(
    labels: Labels, scores: Scores, threshold: float, seed: int = 0
) -> dict[str, Scores]:
    """Each metric of every resample, float (RESAMPLES,).

    The resamples depend on labels and seed only, so results for other scores are paired.
    """
    blocks = [
        counted_metrics(labels, scores, threshold, counts) for counts in resamples(labels, seed)
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def resamples(labels: Labels, seed: int = 0) -> Iterator[Counts]:
    """Stratified bootstrap: counts (b, n) of each picture in each resample, in blocks."""
    rng = np.random.default_rng(seed)
    classes = [np.flatnonzero(~labels), np.flatnonzero(labels)]
    at_once = max(1, _BLOCK // len(labels))
    for start in range(0, RESAMPLES, at_once):
        counts = np.empty((min(at_once, RESAMPLES - start), len(labels)))
        for row in counts:
            draws = [rng.choice(members, len(members)) for members in classes if len(members)]
            row[:] = np.bincount(np.concatenate(draws), minlength=len(labels))
        yield counts


def as_estimate(value: float, samples: Scores) -> Estimate:
    """A value with the 2.5th and 97.5th percentiles of its resamples, rounded to 4 decimals."""
    numbers = [value, *np.percentile(samples, [2.5, 97.5]).tolist()]
    rounded = [round(number, 4) + 0.0 for number in numbers]  # + 0.0: never minus zero
    return Estimate(value=rounded[0], low=rounded[1], high=rounded[2])


# Smaller sources get a smaller weight, so that a handful of pictures does not dominate.
_ENOUGH = 20


def source_weights(predictions: Sequence[Prediction]) -> Scores:
    """Weights that balance sources, float (n,); the weights of a class sum to its picture count.

    Within a class, every source (data set and subfolder) has the same total weight; sources with
    fewer than 20 pictures have proportionally less. With a single source every weight is 1.
    """
    sources = [(row.label, row.dataset, row.generator) for row in predictions]
    sizes = Counter(sources)
    scale = {source: min(1.0, size / _ENOUGH) for source, size in sizes.items()}
    pictures = Counter(row.label for row in predictions)
    whole = Counter[str]()
    for (label, _, _), share in scale.items():
        whole[label] += share  # type: ignore[assignment]
    return np.asarray(
        [
            scale[source] / whole[source[0]] * pictures[source[0]] / sizes[source]
            for source in sources
        ],
        np.float64,
    )
