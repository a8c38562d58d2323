"""From logits to verdicts, for every polarity and calibrator."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection_model.card import (
    Assumption,
    Calibrator,
    IsotonicCalibrator,
    NoCalibrator,
    OutputSpec,
    TemperatureCalibrator,
)
from detection_model.inference.verdict import calibrate, decide, fake_logit, message

logits = st.floats(-1e6, 1e6)
ASSUMPTION = Assumption(code="class_order", message="output 1 means Fake")
ISOTONIC = IsotonicCalibrator(x=(0.1, 0.5, 0.9), y=(0.0, 0.7, 1.0))
CALIBRATORS: list[Calibrator] = [NoCalibrator(), TemperatureCalibrator(temperature=2), ISOTONIC]


@given(logits)
def test_a_sigmoid_has_either_polarity(z: float) -> None:
    assert fake_logit([z], OutputSpec(classes=("Real", "Fake"))) == z
    assert fake_logit([z], OutputSpec(classes=("Fake", "Real"))) == -z


@given(st.lists(st.floats(-500, 500), min_size=3, max_size=3))
def test_several_fake_classes_of_a_softmax_are_summed(values: list[float]) -> None:
    output = OutputSpec(activation="softmax", classes=("Fake", "Real", "Fake"))
    exact = [math.exp(value - max(values)) for value in values]
    share = (exact[0] + exact[2]) / sum(exact)
    result = calibrate(fake_logit(values, output), NoCalibrator())
    assert result == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize("calibrator", CALIBRATORS)
@given(a=logits, b=logits)
def test_more_logit_is_never_less_probability(calibrator: Calibrator, a: float, b: float) -> None:
    low, high = sorted([calibrate(a, calibrator), calibrate(b, calibrator)])
    assert 0 <= low <= high <= 1
    if a > b:
        assert calibrate(a, calibrator) >= calibrate(b, calibrator)


@given(logits, st.floats(0, 1))
def test_the_verdict_follows_the_threshold(z: float, threshold: float) -> None:
    result = decide(z, calibrator=NoCalibrator(), threshold=threshold)
    assert (result.prediction == "Fake") == (result.fake >= threshold)
    assert result.verdict == result.prediction.lower()
    assert result.confidence == (result.fake if result.prediction == "Fake" else 1 - result.fake)
    assert result.reasons
    assert message(result)


def test_a_verdict_on_assumed_conventions_is_uncertain() -> None:
    result = decide(9.0, calibrator=NoCalibrator(), threshold=0.5, assumptions=[ASSUMPTION])
    assert result.prediction == "Fake"
    assert result.verdict == "uncertain"
    assert "no card" in result.reasons[-1]


def test_isotonic_calibration_interpolates() -> None:
    assert calibrate(0.0, ISOTONIC) == pytest.approx(0.7)
    assert calibrate(-50, ISOTONIC) == 0
    assert calibrate(math.log(0.3 / 0.7), ISOTONIC) == pytest.approx(0.35)


@pytest.mark.parametrize("outputs", [[math.nan], [math.inf], [1.0, 2.0]])
def test_invalid_outputs_are_refused(outputs: list[float]) -> None:
    with pytest.raises(ValueError, match="output"):
        fake_logit(outputs, OutputSpec())
