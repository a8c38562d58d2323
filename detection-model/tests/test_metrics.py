"""Metrics against examples worked by hand, scikit-learn and SciPy, and their invariants."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap
from sklearn import metrics as sk

from detection_model.evaluation import metrics, records
from detection_model.evaluation.metrics import as_estimate, estimate, resamples
from detection_model.evaluation.records import Prediction, confusion_at

LABELS = np.array([False, False, False, True, True, True])
SCORES = np.array([0.1, 0.2, 0.8, 0.4, 0.7, 0.9])

# Few distinct scores, so that ties are common.
samples = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 0.99, 1.0])),
    min_size=2,
    max_size=40,
).filter(lambda rows: len({fake for fake, _ in rows}) == 2)


def arrays(rows: list[tuple[bool, float]]) -> tuple[metrics.Labels, metrics.Scores]:
    return np.array([fake for fake, _ in rows]), np.array([score for _, score in rows])


def values(threshold: float = 0.5) -> dict[str, float]:
    return metrics.all_metrics(LABELS, SCORES, threshold)


def test_metrics_of_a_small_example() -> None:
    result = values()
    assert result["accuracy"] == pytest.approx(4 / 6)
    assert result["precision"] == result["recall"] == result["f1"] == pytest.approx(2 / 3)
    assert result["auc"] == pytest.approx(7 / 9)
    assert result["brier"] == pytest.approx((0.01 + 0.04 + 0.64 + 0.36 + 0.09 + 0.01) / 6)
    assert result["tpr_at_fpr_1"] == pytest.approx(1 / 3)
    assert result["eer"] == pytest.approx(1 / 3)
    assert values(0.85)["real_accuracy"] == 1


@pytest.mark.slow
@given(samples, st.sampled_from([0.0, 0.3, 0.6, 1.0]))
def test_metrics_match_scikit_learn(rows: list[tuple[bool, float]], threshold: float) -> None:
    labels, scores = arrays(rows)
    positive = scores >= threshold
    expected = {
        "accuracy": sk.accuracy_score(labels, positive),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, positive),
        "precision": sk.precision_score(labels, positive, zero_division=0),
        "recall": sk.recall_score(labels, positive),
        "f1": sk.f1_score(labels, positive),
        "real_accuracy": sk.recall_score(labels, positive, pos_label=False),
        "fake_accuracy": sk.recall_score(labels, positive),
        "auc": sk.roc_auc_score(labels, scores),
        "average_precision": sk.average_precision_score(labels, scores),
        "brier": sk.brier_score_loss(labels, scores),
    }
    result = metrics.all_metrics(labels, scores, threshold)
    assert {name: result[name] for name in expected} == pytest.approx(expected)


@given(samples)
def test_rates_at_an_operating_point_are_those_of_some_threshold(
    rows: list[tuple[bool, float]],
) -> None:
    labels, scores = arrays(rows)
    result = metrics.all_metrics(labels, scores, 0.5)
    points = [
        (np.mean(scores[~labels] >= at), np.mean(scores[labels] >= at)) for at in [2.0, *scores]
    ]
    for name, most in (("tpr_at_fpr_1", 0.01), ("tpr_at_fpr_5", 0.05)):
        assert result[name] == max(true for false, true in points if false <= most)
    nearest = min(abs(false - (1 - true)) for false, true in points)
    assert any(
        result["eer"] == pytest.approx((false + 1 - true) / 2)
        for false, true in points
        if abs(false - (1 - true)) == pytest.approx(nearest)
    )


def test_false_positives_at_an_operating_point_are_counted_exactly() -> None:
    # Above the fake of rank n lie n of the 100 reals.
    reals, fakes = np.arange(100) / 100, (99.5 - np.arange(10)) / 100
    labels = np.repeat([False, True], [100, 10])
    result = metrics.all_metrics(labels, np.concatenate([reals, fakes]), 0.5)
    assert (result["tpr_at_fpr_1"], result["tpr_at_fpr_5"]) == (0.2, 0.6)


def test_calibration_error_of_two_bins_worked_by_hand() -> None:
    # [0, 1/15): share of fakes 0, mean 0.01. [7/15, 8/15): share 3/4, mean 0.5.
    labels = np.array([False, True, True, True, False])
    scores = np.array([0.01, 0.5, 0.5, 0.5, 0.5])
    expected = 1 / 5 * 0.01 + 4 / 5 * 0.25
    assert metrics.expected_calibration_error(labels, scores) == pytest.approx(expected)


def test_there_are_fifteen_bins() -> None:
    # 1/15 lies between the two: a bin each, and not one with a share of 1/2.
    labels, scores = np.array([False, True]), np.array([0.066, 0.067])
    expected = (0.066 + 1 - 0.067) / 2
    assert metrics.expected_calibration_error(labels, scores) == pytest.approx(expected)


def test_a_perfect_and_an_inverted_detector() -> None:
    perfect = LABELS.astype(float)
    for scores, expected in ((perfect, 1.0), (1 - perfect, 0.0)):
        result = metrics.all_metrics(LABELS, scores, 0.5)
        assert result["accuracy"] == result["auc"] == result["f1"] == expected
        assert result["ece"] == result["brier"] == result["eer"] == 1 - expected


@pytest.mark.parametrize(("label", "name"), [(False, "real_accuracy"), (True, "fake_accuracy")])
def test_a_single_class_has_only_the_defined_metrics(label: bool, name: str) -> None:
    labels, scores = np.full(4, label), np.array([0.2, 0.4, 0.6, 0.9])
    result = metrics.all_metrics(labels, scores, 0.5)
    assert sorted(result) == sorted(["accuracy", name, "ece", "brier"])
    assert result[name] == 0.5
    assert set(estimate(labels, scores, 0.5)) == set(result)
    assert metrics.curves(labels, scores).roc.x == []


@given(st.integers(0, 1000))
def test_calibration_error_of_calibrated_scores_is_small(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random(5000)
    assert metrics.expected_calibration_error(rng.random(5000) < scores, scores) < 0.05


@given(samples, st.integers(0, 1000))
def test_metrics_with_counts_equal_those_of_repeated_pictures(
    rows: list[tuple[bool, float]], seed: int
) -> None:
    labels, scores = arrays(rows)
    counts = np.random.default_rng(seed).integers(0, 4, (1, len(labels)))
    counts[0, [np.argmax(labels), np.argmin(labels)]] += 1
    repeated = np.repeat(np.arange(len(labels)), counts[0])
    result = metrics.counted_metrics(labels, scores, 0.5, counts.astype(float))
    expected = metrics.all_metrics(labels[repeated], scores[repeated], 0.5)
    assert {name: values[0] for name, values in result.items()} == pytest.approx(expected)


@settings(max_examples=5)
@given(samples, st.integers(0, 1000))
def test_resamples_keep_the_class_sizes_and_follow_the_seed(
    rows: list[tuple[bool, float]], seed: int
) -> None:
    labels, _ = arrays(rows)
    counts = np.concatenate(list(resamples(labels, seed)))
    assert counts.shape == (1000, len(labels))
    assert (counts[:, labels].sum(axis=1) == labels.sum()).all()
    assert (counts[:, ~labels].sum(axis=1) == (~labels).sum()).all()
    assert (np.concatenate(list(resamples(labels, seed))) == counts).all()


def test_an_interval_holds_95_of_100_resamples() -> None:
    result = as_estimate(0.5, np.arange(10_001) / 10_000)
    assert (result.value, result.low, result.high) == (0.5, 0.025, 0.975)


def test_intervals_match_the_bootstrap_of_scipy() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat([False, True], 150)
    scores = np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1)
    result = estimate(labels, scores, 0.5)["auc"]

    def auc(real: metrics.Scores, fake: metrics.Scores) -> float:
        return float(np.mean(fake > real[:, None]))

    theirs = bootstrap(
        (scores[~labels], scores[labels]),
        auc,
        vectorized=False,
        n_resamples=1000,
        method="percentile",
        rng=rng,
    ).confidence_interval
    assert (result.low, result.high) == pytest.approx((theirs.low, theirs.high), abs=0.012)


def test_intervals_contain_their_value_and_narrow_with_more_pictures() -> None:
    few = estimate(LABELS, SCORES, 0.5)
    many = estimate(np.tile(LABELS, 50), np.tile(SCORES, 50), 0.5)
    for name, interval in few.items():
        assert interval.low <= interval.value + 1e-9 or name in (
            "ece",
            "tpr_at_fpr_1",
            "tpr_at_fpr_5",
        )
    assert many["auc"].high - many["auc"].low < few["auc"].high - few["auc"].low


def test_curves_start_and_end_at_the_corners() -> None:
    result = metrics.curves(LABELS, SCORES)
    assert (result.roc.x[0], result.roc.y[0]) == (0, 0)
    assert (result.roc.x[-1], result.roc.y[-1]) == (1, 1)
    assert result.threshold.y[0] == result.threshold.y[-1] == 0.5


@given(
    st.lists(
        st.tuples(st.sampled_from(["Real", "Fake"]), st.floats(0, 1)), min_size=1, max_size=20
    ),
    st.floats(0, 1),
)
def test_counts_at_any_threshold(rows: list[tuple[str, float]], threshold: float) -> None:
    predictions = [Prediction("p", "d", "test", "original", label, p, 0.0) for label, p in rows]
    result = confusion_at(predictions, threshold)
    assert result.total == len(rows)
    correct = sum((p >= threshold) == (label == "Fake") for label, p in rows)
    assert result.correct == correct


def test_predictions_survive_a_file(tmp_path: Path) -> None:
    row = Prediction("Test/Fake/a, b.jpg", "d", "test", "original", "Fake", 0.25, -1.5)
    records.write_predictions(tmp_path / "p.csv", [row])
    assert records.read_predictions(tmp_path / "p.csv") == [row]
    (tmp_path / "p.csv").write_text("path,label\nx,Fake\n")
    with pytest.raises(ValueError, match="columns"):
        records.read_predictions(tmp_path / "p.csv")
