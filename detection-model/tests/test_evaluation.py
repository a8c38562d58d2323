"""Metrics against hand-worked examples, and what every metric must obey."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection_model.evaluation import metrics, records
from detection_model.evaluation.records import Prediction, confusion_at

LABELS = np.array([False, False, False, True, True, True])
SCORES = np.array([0.1, 0.2, 0.8, 0.4, 0.7, 0.9])


def values(threshold: float = 0.5) -> dict[str, float]:
    return metrics.all_metrics(LABELS, SCORES, threshold)


def test_metrics_of_a_small_example() -> None:
    found = values()
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["precision"] == found["recall"] == found["f1"] == pytest.approx(2 / 3)
    assert found["auc"] == pytest.approx(7 / 9)
    assert found["brier"] == pytest.approx((0.01 + 0.04 + 0.64 + 0.36 + 0.09 + 0.01) / 6)
    assert found["tpr_at_fpr_1"] == pytest.approx(1 / 3)
    assert found["eer"] == pytest.approx(1 / 3)
    assert values(0.85)["real_accuracy"] == 1


def test_a_perfect_and_an_inverted_detector() -> None:
    perfect = LABELS.astype(float)
    for scores, expected in ((perfect, 1.0), (1 - perfect, 0.0)):
        found = metrics.all_metrics(LABELS, scores, 0.5)
        assert found["accuracy"] == found["auc"] == found["f1"] == expected
        assert found["ece"] == found["brier"] == found["eer"] == 1 - expected


@given(st.integers(0, 1000))
def test_calibration_error_of_calibrated_scores_is_small(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random(5000)
    assert metrics.expected_calibration_error(rng.random(5000) < scores, scores) < 0.05


def test_intervals_hold_their_value_and_narrow_with_more_pictures() -> None:
    few = metrics.estimate(LABELS, SCORES, 0.5)
    many = metrics.estimate(np.tile(LABELS, 50), np.tile(SCORES, 50), 0.5)
    for name, found in few.items():
        assert found.low <= found.value + 1e-9 or name in ("ece", "tpr_at_fpr_1", "tpr_at_fpr_5")
    assert many["auc"].high - many["auc"].low < few["auc"].high - few["auc"].low


def test_curves_end_where_they_must() -> None:
    found = metrics.curves(LABELS, SCORES)
    assert (found.roc.x[0], found.roc.y[0]) == (0, 0)
    assert (found.roc.x[-1], found.roc.y[-1]) == (1, 1)
    assert found.threshold.y[0] == found.threshold.y[-1] == 0.5


@given(
    st.lists(
        st.tuples(st.sampled_from(["Real", "Fake"]), st.floats(0, 1)), min_size=1, max_size=20
    ),
    st.floats(0, 1),
)
def test_counts_at_any_threshold(rows: list[tuple[str, float]], threshold: float) -> None:
    predictions = [Prediction("p", "d", "test", "original", label, p, 0.0) for label, p in rows]
    found = confusion_at(predictions, threshold)
    assert found.total == len(rows)
    right = sum((p >= threshold) == (label == "Fake") for label, p in rows)
    assert found.correct == right


def test_predictions_survive_a_file(tmp_path: Path) -> None:
    row = Prediction("Test/Fake/a, b.jpg", "d", "test", "original", "Fake", 0.25, -1.5)
    records.write_predictions(tmp_path / "p.csv", [row])
    assert records.read_predictions(tmp_path / "p.csv") == [row]
    (tmp_path / "p.csv").write_text("path,label\nx,Fake\n")
    with pytest.raises(ValueError, match="columns"):
        records.read_predictions(tmp_path / "p.csv")
