"""Comparing models on the same pictures: agreement, McNemar's test and paired differences."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from typer.testing import Result

from detection_model.card import file_sha256
from detection_model.evaluation.comparison import (
    Agreement,
    Comparison,
    Difference,
    as_csv,
    compare,
    comparison,
    mcnemar,
)
from detection_model.evaluation.metrics import Scores, all_metrics
from detection_model.evaluation.records import (
    METRICS,
    PREDICTIONS,
    Evaluation,
    Prediction,
    write_predictions,
)

Invoke = Callable[..., Result]
counts = st.integers(0, 200)


def row(path: str, label: str, fake: float, **changes: Any) -> Prediction:
    return Prediction(path, "D", "test", "original", label, fake, 0.0)._replace(**changes)


def agreement_of(
    rows: Mapping[str, list[Prediction]], thresholds: Mapping[str, float] | None = None
) -> Agreement:
    return compare(rows, thresholds or dict.fromkeys(rows, 0.5))


@given(counts, counts)
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int) -> None:
    total = first + second
    expected = binomtest(first, total).pvalue if total else 1.0
    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(first, second) == mcnemar(second, first)


def test_calls_follow_each_models_own_threshold() -> None:
    rows = {"a": [row("x", "Fake", 0.6)], "b": [row("x", "Fake", 0.6)]}
    (picture,) = agreement_of(rows, {"a": 0.5, "b": 0.7}).pictures
    assert picture.calls == {"a": "Fake", "b": "Real"}
    assert picture.is_correct("a")
    assert not picture.is_correct("b")
    assert not picture.unanimous
    assert picture.errors == 1


def test_a_picture_in_several_sets_counts_once() -> None:
    both = [
        row("x", "Fake", 0.9, sha256="1"),
        row("y", "Real", 0.1),
        *[row(f"all/{name}", "Fake", 0.9, dataset="All", sha256=name) for name in "12"],
        row("y", "Real", 0.1, dataset="All"),
    ]
    agreement = agreement_of({"a": both, "b": both})
    # The larger set comes first; without a hash, copies are not recognised.
    assert [picture.path for picture in agreement.pictures] == ["all/1", "all/2", "y", "y"]
    assert agreement.datasets == ["All, test", "D, test"]


def test_only_pictures_predicted_by_all_models_are_compared() -> None:
    rows = {
        "a": [row("x", "Fake", 0.9), row("y", "Real", 0.1)],
        "b": [row("y", "Real", 0.9), row("z", "Real", 0.1)],
    }
    agreement = agreement_of(rows)
    assert [picture.path for picture in agreement.pictures] == ["y"]
    (pair,) = agreement.pairs
    assert (pair.only_first_right, pair.only_second_right, pair.p_value) == (1, 0, 1.0)


def test_a_picture_is_recognised_in_a_data_set_of_another_name() -> None:
    shipped = row("Test/Fake/1.jpg", "Fake", 0.9, dataset="Sample", sha256="1")
    mine = row("test/fake/1.jpg", "Fake", 0.4, dataset="Dataset", sha256="1")
    agreement = agreement_of({"a": [shipped], "b": [mine]})
    (picture,) = agreement.pictures
    assert picture.calls == {"a": "Fake", "b": "Real"}
    assert agreement.datasets == ["Sample, test"]


@pytest.mark.parametrize("other", [{"split": "train"}, {"label": "Real"}])
def test_a_picture_of_another_split_or_class_is_not_compared(other: dict[str, Any]) -> None:
    rows = {"a": [row("x", "Fake", 0.9, sha256="1")]}
    rows["b"] = [rows["a"][0]._replace(**other)]
    assert agreement_of(rows).pictures == []


@pytest.mark.parametrize(
    "other", [{"dataset": "E"}, {"split": "train"}, {"delivery": "jpeg-q40"}, {"sha256": "0" * 64}]
)
def test_the_same_path_in_another_set_is_another_picture(other: dict[str, str]) -> None:
    rows = {"a": [row("x", "Fake", 0.9)], "b": [row("x", "Fake", 0.9, **other)]}
    assert agreement_of(rows).pictures == []


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.floats(0, 1)), max_size=30))
def test_pair_counts_differ_by_the_difference_in_correct_pictures(
    outcomes: list[tuple[bool, float, float]],
) -> None:
    names = [f"{i}" for i in range(len(outcomes))]
    labels = ["Fake" if fake else "Real" for fake, _, _ in outcomes]
    rows = {
        "a": [row(n, label, m[1]) for n, label, m in zip(names, labels, outcomes, strict=True)],
        "b": [row(n, label, m[2]) for n, label, m in zip(names, labels, outcomes, strict=True)],
    }
    agreement = agreement_of(rows)
    (pair,) = agreement.pairs
    correct = {name: sum(p.is_correct(name) for p in agreement.pictures) for name in rows}
    assert pair.only_first_right - pair.only_second_right == correct["a"] - correct["b"]
    differing = sum(not picture.unanimous for picture in agreement.pictures)
    assert pair.only_first_right + pair.only_second_right == differing


def comparison_of(scores: Mapping[str, Scores]) -> Comparison:
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
    """Fakes score `gap` deviations above reals; models with the same `base` share most noise."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=n) if base is None else 0.95 * base + 0.31 * rng.normal(size=n)
    return 1 / (1 + np.exp(-(noise + gap * (np.arange(n) % 2 - 0.5))))


def difference(result: Comparison, metric: str) -> Difference:
    (row,) = [row for row in result.differences if row.metric == metric]
    return row


def test_a_model_is_no_better_than_itself() -> None:
    same = scores(1.0, 0)
    for row in comparison_of({"a": same, "b": same}).differences:
        assert (row.difference.value, row.difference.low, row.difference.high) == (0, 0, 0)
        assert not row.real


def test_a_true_gain_is_significant_and_has_its_sign() -> None:
    result = comparison_of({"weak": scores(0.3, 0), "strong": scores(2.0, 1)})
    for metric in ("auc", "accuracy", "average_precision"):
        assert difference(result, metric).real
        assert difference(result, metric).difference.low > 0
    assert difference(result, "brier").difference.high < 0
    (pair,) = result.pairs
    assert pair.p_value < 0.001
    assert pair.p_value == mcnemar(pair.only_first_right, pair.only_second_right)


def test_equally_good_models_rarely_differ() -> None:
    real = [
        difference(
            comparison_of({"a": scores(1, seed, n=120), "b": scores(1, seed + 1000, n=120)}), "auc"
        ).real
        for seed in range(12)
    ]
    assert sum(real) <= 2  # 0.6 are expected


def test_pairing_detects_a_gain_that_separate_intervals_miss() -> None:
    noise = np.random.default_rng(2).normal(size=300)
    result = comparison_of({"a": scores(0.8, 3, base=noise), "b": scores(1.15, 4, base=noise)})
    first, second = (result.metrics[name]["auc"] for name in "ab")
    assert first.high > second.low
    assert difference(result, "auc").real


def test_a_difference_is_that_of_the_metrics() -> None:
    by_model = {"a": scores(0.5, 0, n=60), "b": scores(1.0, 1, n=60), "c": scores(1.5, 2, n=60)}
    result = comparison_of(by_model)
    labels = np.arange(60) % 2 == 1
    values = {name: all_metrics(labels, predicted, 0.5) for name, predicted in by_model.items()}
    assert len(result.differences) == 3 * len(values["a"])
    for row in result.differences:
        expected = values[row.second][row.metric] - values[row.first][row.metric]
        assert row.difference.value == pytest.approx(expected, abs=1e-4)
        assert row.difference.low <= row.difference.high
    assert result.title == "D, test: 30 real, 30 fake"
    lines = list(csv.DictReader(as_csv(result).splitlines()))
    assert len(lines) == len(result.differences)
    assert (lines[0]["first"], lines[0]["second"], lines[0]["metric"]) == ("a", "b", "accuracy")


def test_models_without_pictures_in_common_are_not_compared() -> None:
    with pytest.raises(ValueError, match="share no measured pictures"):
        comparison(compare({"a": [], "b": []}, {"a": 0.5, "b": 0.5}), {"a": 0.5, "b": 0.5})


@pytest.mark.slow
def test_the_command_writes_the_figures_that_it_prints(
    bright_data: Path, bright_models: Path, tmp_path: Path, invoke: Invoke
) -> None:
    models = ("--models", bright_models)
    for name in ("red", "green"):
        result = invoke("evaluate", name, "--data", bright_data, "--perturb", "alike", *models)
        assert result.exit_code == 0, result.output
    out = tmp_path / "comparison.json"
    result = invoke("compare", "red", "green", "--out", out, *models)
    assert result.exit_code == 0, result.output
    comparison = Comparison.model_validate_json(out.read_bytes())
    # Perturbed copies are the same pictures again.
    assert (comparison.n_real, comparison.n_fake) == (60, 60)
    auc = comparison.metrics["green"]["auc"]
    assert f"{auc.value:.3f}" in result.stdout
    assert invoke("compare", "red", "green", "--out", tmp_path / "c.md", *models).exit_code == 0
    text = (tmp_path / "c.md").read_text()
    assert f"| {auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f}) |" in text


def test_models_that_cannot_be_compared_are_refused(bright_models: Path, invoke: Invoke) -> None:
    for names, message in (
        (["red"], "two or more"),
        (["red", "green"], "detection-model eval run red"),
        (["red", "purple"], "detection-model eval run red"),
        (["purple", "red"], "no model purple"),
    ):
        result = invoke("compare", *names, "--models", bright_models)
        assert result.exit_code == 2
        assert message in result.stderr


def test_predictions_of_another_model_file_are_refused(bright_models: Path, invoke: Invoke) -> None:
    rows = [row("x", "Fake", 0.9), row("y", "Real", 0.1)]
    for name, sha256 in (("red", file_sha256(bright_models / "red.keras")), ("green", "0" * 64)):
        folder = bright_models / f"{name}.eval"
        folder.mkdir()
        write_predictions(folder / PREDICTIONS, rows)
        evaluation = Evaluation(
            model=name, model_sha256=sha256, threshold=0.5, created="", command="", rows=[]
        )
        (folder / METRICS).write_text(evaluation.model_dump_json())
    result = invoke("compare", "red", "green", "--models", bright_models)
    assert result.exit_code == 2
    assert "green: predictions.csv was written by another model file" in result.stderr
