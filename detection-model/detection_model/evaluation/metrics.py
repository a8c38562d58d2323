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
    """Is it a fake (n,), and its probability of Fake (n,)."""
    labels = np.asarray([row.label == "Fake" for row in predictions], np.bool_)
    return labels, np.asarray([row.fake for row in predictions], np.float64)


def all_metrics(labels: Labels, scores: Scores, threshold: float) -> dict[str, float]:
    """Every metric by name; those that call classes do so at `threshold`.

    balanced_accuracy: mean of real and fake accuracy. ece: expected calibration error over 15
    equal bins (Naeini et al. 2015). brier: mean squared error of the probability. eer: error rate
    where as many reals are called fake as fakes are missed. tpr_at_fpr_1, tpr_at_fpr_5: largest
    share of fakes found while at most 1 or 5 % of reals are called fake.

    Where one class is missing, only what is defined without it is there.
    """
    once = np.ones((1, len(labels)))
    found = counted_metrics(labels, scores, threshold, once)
    return {name: float(values[0]) for name, values in found.items()}


def counted_metrics(
    labels: Labels, scores: Scores, threshold: float, counts: Counts
) -> dict[str, Scores]:
    """Every metric of r sets at once, each (r,): `counts` (r, n) says how often a picture is in.

    A bootstrap resample is such a set; that is many times faster than one after another.
    """
    called = scores >= threshold
    real, fake = counts @ ~labels, counts @ labels
    right_real, found = counts @ (~called & ~labels), counts @ (called & labels)
    total = real + fake
    metrics: dict[str, Scores] = {"accuracy": (right_real + found) / total}
    if labels.any() and not labels.all():
        calls = counts @ called
        metrics |= {
            "balanced_accuracy": (right_real / real + found / fake) / 2,
            "precision": found / np.maximum(1, calls),
            "recall": found / fake,
            "f1": 2 * found / (calls + fake),
        }
    if not labels.all():
        metrics["real_accuracy"] = right_real / real
    if labels.any():
        metrics["fake_accuracy"] = found / fake
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

    found, wrong = so_far(labels), so_far(~labels)
    true, false = found / found[:, -1:], wrong / wrong[:, -1:]
    precision = found / np.maximum(1, found + wrong)
    equal = np.argmin(np.abs(false - (1 - true)), axis=1)[:, None]
    at_equal = [np.take_along_axis(rate, equal, axis=1)[:, 0] for rate in (false, 1 - true)]
    return {
        "auc": np.trapezoid(true, false, axis=1),
        # Not interpolated, as scikit-learn has it.
        "average_precision": np.sum(np.diff(true, axis=1) * precision[:, 1:], axis=1),
        "eer": (at_equal[0] + at_equal[1]) / 2,
        "tpr_at_fpr_1": np.where(false <= 0.01, true, 0).max(axis=1),
        "tpr_at_fpr_5": np.where(false <= 0.05, true, 0).max(axis=1),
    }


def expected_calibration_error(labels: Labels, scores: Scores) -> float:
    """Mean gap between probability and share of fakes over 15 equal bins, weighted by size."""
    return all_metrics(labels, scores, 0.5)["ece"]


def over_thresholds(labels: Labels, scores: Scores) -> dict[str, Curve]:
    """Accuracy, that of each class, precision and F1 at 201 thresholds; x is the threshold.

    Precision ends where nothing is called Fake any more: there it is not defined.
    """
    thresholds = np.linspace(0, 1, _CURVE_POINTS)
    called = scores >= thresholds[:, None]
    found, calls = (called & labels).sum(axis=1), called.sum(axis=1)
    right_real = (~called & ~labels).sum(axis=1)
    fakes = max(1, int(labels.sum()))
    reals = max(1, int((~labels).sum()))
    some = calls > 0  # up to the highest score
    values = {
        "accuracy": (found + right_real) / len(labels),
        "real_accuracy": right_real / reals,
        "fake_accuracy": found / fakes,
        "precision": found[some] / calls[some],
        "f1": 2 * found / (calls + fakes),
    }
    return {name: _curve(thresholds[: len(of)], of) for name, of in values.items()}


def curves(labels: Labels, scores: Scores) -> Curves:
    """ROC, precision-recall, reliability and metrics over the threshold.

    The first two have no points where one class is missing.
    """
    false = true = precision = recall = np.empty(0)
    if labels.any() and not labels.all():
        false, true, _ = sk.roc_curve(labels, scores)
        precision, recall, _ = sk.precision_recall_curve(labels, scores)
    index = _bin(scores)
    size = np.bincount(index, minlength=BINS)
    used = size > 0
    share = np.bincount(index, labels, BINS)[used] / size[used]
    mean = np.bincount(index, scores, BINS)[used] / size[used]
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
    """At most 201 points of a curve, ends kept."""
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), _CURVE_POINTS)).round().astype(int))
    return Curve(x=[round(float(v), 5) for v in x[keep]], y=[round(float(v), 5) for v in y[keep]])


RESAMPLES = 1000
# Numbers in one block of resamples: some 16 MB an array.
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
    """Each metric of every resample, (RESAMPLES,); paired with other scores of the same labels."""
    blocks = [
        counted_metrics(labels, scores, threshold, counts) for counts in resamples(labels, seed)
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def resamples(labels: Labels, seed: int = 0) -> Iterator[Counts]:
    """Counts of each picture in each resample: RESAMPLES rows of n counts, in blocks."""
    rng = np.random.default_rng(seed)
    classes = [np.flatnonzero(~labels), np.flatnonzero(labels)]
    at_once = max(1, _BLOCK // len(labels))
    for start in range(0, RESAMPLES, at_once):
        counts = np.empty((min(at_once, RESAMPLES - start), len(labels)))
        for row in counts:
            drawn = [rng.choice(members, len(members)) for members in classes if len(members)]
            row[:] = np.bincount(np.concatenate(drawn), minlength=len(labels))
        yield counts


def as_estimate(value: float, samples: Scores) -> Estimate:
    """A value between the 2.5th and 97.5th percentile of its resamples."""
    numbers = [value, *np.percentile(samples, [2.5, 97.5]).tolist()]
    rounded = [round(number, 4) + 0.0 for number in numbers]  # + 0.0: never minus zero
    return Estimate(value=rounded[0], low=rounded[1], high=rounded[2])


# A source with fewer pictures says less: a handful must not decide.
_ENOUGH = 20


def source_weights(predictions: Sequence[Prediction]) -> Scores:
    """The weight of each prediction, (n,); those of a class add up to its number of pictures.

    Within its class every source (data set and folder below the class) weighs the same, but for
    those with fewer than 20 pictures, which weigh less in proportion. Where a class has one
    source, every weight is 1.
    """
    sources = [(row.label, row.dataset, row.generator) for row in predictions]
    sizes = Counter(sources)
    say = {source: min(1.0, size / _ENOUGH) for source, size in sizes.items()}
    pictures = Counter(row.label for row in predictions)
    whole = Counter[str]()
    for (label, _, _), share in say.items():
        whole[label] += share  # type: ignore[assignment]
    return np.asarray(
        [say[one] / whole[one[0]] * pictures[one[0]] / sizes[one] for one in sources], np.float64
    )
