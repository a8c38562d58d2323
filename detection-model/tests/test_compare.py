"""Is the gain real? Paired differences find a planted one and none where there is none."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from detection_model.evaluation.comparison import (
    Comparison,
    Difference,
    as_csv,
    compare,
    comparison,
    mcnemar,
)
from detection_model.evaluation.metrics import Scores, all_metrics
from detection_model.evaluation.records import Prediction

Here = Callable[..., Result]


def compared(scores: Mapping[str, Scores]) -> Comparison:
    """Models on pictures of which every second one is fake."""
    predictions = {
        name: [
            Prediction(str(i), "D", "test", "original", "Fake" if i % 2 else "Real", score, 0)
            for i, score in enumerate(values.tolist())
        ]
        for name, values in scores.items()
    }
    thresholds = dict.fromkeys(scores, 0.5)
    return comparison(compare(predictions, thresholds), thresholds)


def scores(gap: float, seed: int, n: int = 300, base: Scores | None = None) -> Scores:
    """Fakes lie `gap` deviations above reals; with a base, most of the noise is the base's."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=n) if base is None else 0.95 * base + 0.31 * rng.normal(size=n)
    return 1 / (1 + np.exp(-(noise + gap * (np.arange(n) % 2 - 0.5))))


def difference(found: Comparison, metric: str) -> Difference:
    (one,) = [one for one in found.differences if one.metric == metric]
    return one


def test_a_model_is_no_better_than_itself() -> None:
    same = scores(1.0, 0)
    for one in compared({"a": same, "b": same}).differences:
        assert (one.difference.value, one.difference.low, one.difference.high) == (0, 0, 0)
        assert not one.real


def test_a_planted_gain_is_real_and_has_its_sign() -> None:
    found = compared({"weak": scores(0.3, 0), "strong": scores(2.0, 1)})
    for metric in ("auc", "accuracy", "average_precision"):
        assert difference(found, metric).real
        assert difference(found, metric).difference.low > 0
    assert difference(found, "brier").difference.high < 0
    (pair,) = found.pairs
    assert pair.p_value < 0.001
    assert pair.p_value == mcnemar(pair.only_first_right, pair.only_second_right)


def test_equally_good_models_rarely_differ() -> None:
    real = [
        difference(
            compared({"a": scores(1, seed, n=120), "b": scores(1, seed + 1000, n=120)}), "auc"
        ).real
        for seed in range(12)
    ]
    assert sum(real) <= 2  # 0.6 are expected


def test_pairing_finds_what_separate_intervals_hide() -> None:
    noise = np.random.default_rng(2).normal(size=300)
    found = compared({"a": scores(0.8, 3, base=noise), "b": scores(1.15, 4, base=noise)})
    first, second = (found.metrics[name]["auc"] for name in "ab")
    assert first.high > second.low
    assert difference(found, "auc").real


def test_the_difference_is_that_of_the_metrics() -> None:
    by_model = {"a": scores(0.5, 0, n=60), "b": scores(1.0, 1, n=60), "c": scores(1.5, 2, n=60)}
    found = compared(by_model)
    labels = np.arange(60) % 2 == 1
    values = {name: all_metrics(labels, given, 0.5) for name, given in by_model.items()}
    assert len(found.differences) == 3 * len(values["a"])
    for one in found.differences:
        expected = values[one.second][one.metric] - values[one.first][one.metric]
        assert one.difference.value == pytest.approx(expected, abs=1e-4)
        assert one.difference.low <= one.difference.high
    assert found.title == "D, test: 30 real, 30 fake"
    lines = list(csv.DictReader(as_csv(found).splitlines()))
    assert len(lines) == len(found.differences)
    assert (lines[0]["first"], lines[0]["second"], lines[0]["metric"]) == ("a", "b", "accuracy")


def test_models_without_pictures_in_common_are_not_compared() -> None:
    with pytest.raises(ValueError, match="share no measured pictures"):
        comparison(compare({"a": [], "b": []}, {"a": 0.5, "b": 0.5}), {"a": 0.5, "b": 0.5})


def test_the_command_writes_what_it_shows(
    bright_data: Path, bright_models: Path, tmp_path: Path, here: Here
) -> None:
    models = ("--models", bright_models)
    for name in ("red", "green"):
        done = here("evaluate", name, "--data", bright_data, "--perturb", "alike", *models)
        assert done.exit_code == 0, done.output
    out = tmp_path / "comparison.json"
    done = here("compare", "red", "green", "--out", out, *models)
    assert done.exit_code == 0, done.output
    found = Comparison.model_validate_json(out.read_bytes())
    # Perturbed copies are the same pictures again.
    assert (found.n_real, found.n_fake) == (60, 60)
    auc = found.metrics["green"]["auc"]
    assert f"{auc.value:.3f}" in done.stdout
    assert here("compare", "red", "green", "--out", tmp_path / "c.md", *models).exit_code == 0
    text = (tmp_path / "c.md").read_text()
    assert f"| {auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f}) |" in text


def test_what_cannot_be_compared_is_said(bright_models: Path, here: Here) -> None:
    for names, why in (
        (["red"], "two or more"),
        (["red", "green"], "detection-model eval run red"),
        (["red", "purple"], "detection-model eval run red"),
        (["purple", "red"], "no model purple"),
    ):
        done = here("compare", *names, "--models", bright_models)
        assert done.exit_code == 2
        assert why in done.stderr
