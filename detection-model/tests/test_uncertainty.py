"""Conformal sets reach their coverage; `calibrate` writes uncertainty settings to the card."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import Result

from detection_model.card import (
    Calibrator,
    Conformal,
    IsotonicCalibrator,
    NoCalibrator,
    TemperatureCalibrator,
    read_card,
)
from detection_model.evaluation.fit_uncertainty import fit_conformal
from detection_model.evaluation.records import Prediction
from detection_model.inference.verdict import decide

Invoke = Callable[..., Result]
CALIBRATORS: list[Calibrator] = [
    NoCalibrator(),
    TemperatureCalibrator(temperature=3, bias=0.5),
    IsotonicCalibrator(x=(0.0, 0.2, 0.7, 1.0), y=(0.01, 0.1, 0.6, 0.99)),
]


def sampled(rng: np.random.Generator, count: int) -> list[Prediction]:
    """`count` of each class; the model is better at reals than at fakes."""
    logits = {"Real": rng.normal(-2, 1, count), "Fake": rng.normal(0.5, 2, count)}
    return [
        Prediction("p", "D", "validation", "original", label, 0, float(logit))
        for label, values in logits.items()
        for logit in values
    ]


def covered(limits: Conformal, new: list[Prediction], calibrator: Calibrator) -> dict[str, float]:
    hits: dict[str, list[bool]] = {"Real": [], "Fake": []}
    for row in new:
        verdict = decide(row.logit, calibrator=calibrator, threshold=0.5, conformal=limits)
        assert verdict.conformal is not None
        hits[row.label].append(row.label in verdict.conformal.classes)
    return {label: float(np.mean(values)) for label, values in hits.items()}


@pytest.mark.parametrize("calibrator", CALIBRATORS)
@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_each_class_is_covered_on_unseen_pictures(calibrator: Calibrator, coverage: float) -> None:
    rng = np.random.default_rng(1)
    rates = [
        covered(
            fit_conformal(sampled(rng, 60), calibrator, coverage, "D"),
            sampled(rng, 200),
            calibrator,
        )
        for _ in range(40)
    ]
    for label in ("Real", "Fake"):
        mean = np.mean([rate[label] for rate in rates])
        # Split-conformal: at least the coverage, at most 1 / (n + 1) more; the rest is chance.
        assert coverage - 0.02 < mean < coverage + 1 / 61 + 0.02


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 60), st.floats(0.5, 0.99))
def test_the_calibration_pictures_reach_the_coverage(
    seed: int, count: int, coverage: float
) -> None:
    fitted = sampled(np.random.default_rng(seed), count)
    limits = fit_conformal(fitted, NoCalibrator(), coverage, "D")
    assert min(covered(limits, fitted, NoCalibrator()).values()) >= coverage


def test_coverage_holds_with_equally_weighted_sources() -> None:
    rows = [
        Prediction("p", "D", "validation", "original", "Real", 0, logit, generator=source)
        for source, logits in (("easy", np.linspace(-6, -3, 900)), ("hard", np.linspace(0, 3, 60)))
        for logit in logits.tolist()
    ]
    limits = fit_conformal(
        [*rows, *sampled(np.random.default_rng(0), 60)[60:]], NoCalibrator(), 0.9, "D"
    )
    hard = [row for row in rows if row.generator == "hard"]
    # All easy pictures and 4 in 5 hard ones: 9 in 10 with equal weights.
    assert covered(limits, hard, NoCalibrator())["Real"] == pytest.approx(0.8, abs=0.05)


def test_too_few_pictures_exclude_no_class() -> None:
    limits = fit_conformal(sampled(np.random.default_rng(0), 8), NoCalibrator(), 0.9, "D")
    assert (limits.real, limits.fake) == (1, 1)
    nine = fit_conformal(sampled(np.random.default_rng(0), 9), NoCalibrator(), 0.9, "D")
    assert max(nine.real, nine.fake) < 1


@pytest.mark.slow
def test_calibrate_writes_the_uncertainty_settings_into_the_card(
    bright_data: Path, bright_models: Path, invoke: Invoke
) -> None:
    result = invoke(
        "calibrate", "red", "--data", bright_data, "--coverage", 0.8, "--models", bright_models
    )
    assert result.exit_code == 0, result.output
    card = read_card(bright_models / "red.json")
    assert card.conformal is not None
    assert (card.conformal.coverage, card.conformal.pictures) == (0.8, 240)
    assert card.conformal.data == "Bright, validation (120 real, 120 fake)"
    assert "Sets at 80% coverage" in result.stdout
    # Perturbing a picture of one colour changes its mean by rounding alone.
    assert card.steadiness is not None
    assert card.steadiness.reach < 0.1
    assert card.scope is None
