"""Models on the same pictures: agreement, and McNemar's test."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from detection_model.evaluation.comparison import Agreement, compare, mcnemar
from detection_model.evaluation.records import Prediction

counts = st.integers(0, 200)


def row(path: str, label: str, fake: float, **changes: Any) -> Prediction:
    return Prediction(path, "D", "test", "original", label, fake, 0.0)._replace(**changes)


def compared(
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
    (picture,) = compared(rows, {"a": 0.5, "b": 0.7}).pictures
    assert picture.calls == {"a": "Fake", "b": "Real"}
    assert picture.is_correct("a")
    assert not picture.is_correct("b")
    assert not picture.unanimous
    assert picture.errors == 1


def test_a_picture_that_several_sets_hold_counts_once() -> None:
    both = [
        row("x", "Fake", 0.9, sha256="1"),
        row("y", "Real", 0.1),
        *[row(f"all/{name}", "Fake", 0.9, dataset="All", sha256=name) for name in "12"],
        row("y", "Real", 0.1, dataset="All"),
    ]
    found = compared({"a": both, "b": both})
    # The larger set first; without a hash nobody knows that two are one.
    assert [one.path for one in found.pictures] == ["all/1", "all/2", "y", "y"]
    assert found.datasets == ["All, test", "D, test"]


def test_only_pictures_that_all_have_judged_are_compared() -> None:
    rows = {
        "a": [row("x", "Fake", 0.9), row("y", "Real", 0.1)],
        "b": [row("y", "Real", 0.9), row("z", "Real", 0.1)],
    }
    found = compared(rows)
    assert [picture.path for picture in found.pictures] == ["y"]
    (pair,) = found.pairs
    assert (pair.only_first_right, pair.only_second_right, pair.p_value) == (1, 0, 1.0)


@pytest.mark.parametrize(
    "other", [{"dataset": "E"}, {"split": "train"}, {"delivery": "jpeg-q40"}, {"sha256": "0" * 64}]
)
def test_the_same_name_elsewhere_is_another_picture(other: dict[str, str]) -> None:
    rows = {"a": [row("x", "Fake", 0.9)], "b": [row("x", "Fake", 0.9, **other)]}
    assert compared(rows).pictures == []


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.floats(0, 1)), max_size=30))
def test_the_pairs_counts_are_the_difference_in_right_ones(
    made: list[tuple[bool, float, float]],
) -> None:
    names = [f"{i}" for i in range(len(made))]
    labels = ["Fake" if fake else "Real" for fake, _, _ in made]
    rows = {
        "a": [row(n, label, m[1]) for n, label, m in zip(names, labels, made, strict=True)],
        "b": [row(n, label, m[2]) for n, label, m in zip(names, labels, made, strict=True)],
    }
    found = compared(rows)
    (pair,) = found.pairs
    right = {name: sum(p.is_correct(name) for p in found.pictures) for name in rows}
    assert pair.only_first_right - pair.only_second_right == right["a"] - right["b"]
    differing = sum(not picture.unanimous for picture in found.pictures)
    assert pair.only_first_right + pair.only_second_right == differing
