"""Calibrators and thresholds follow their papers and are fitted on validation data alone."""

import math
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.isotonic import IsotonicRegression
from typer.testing import Result

from detection_model.card import (
    Card,
    CardError,
    InputSpec,
    IsotonicCalibrator,
    NoCalibrator,
    TemperatureCalibrator,
    read_card,
    write_card,
)
from detection_model.evaluation.calibration import (
    Rule,
    calibrated_card,
    choose_threshold,
    fit,
    negative_log_likelihood,
)
from detection_model.evaluation.metrics import Labels, Scores, source_weights
from detection_model.evaluation.records import (
    CALIBRATION,
    Calibration,
    Evaluation,
    Method,
    Prediction,
)
from detection_model.inference.verdict import calibrate, sigmoid

Invoke = Callable[..., Result]
CARD = Card(name="m", sha256="a" * 64, input=InputSpec(height=32, width=32))
METHODS: list[Method] = ["temperature", "platt", "isotonic"]
RULES: list[Rule] = ["best-f1", "youden", "target-fpr", "target-precision"]

samples = st.lists(
    st.tuples(st.booleans(), st.integers(0, 12).map(lambda n: n / 12)), min_size=4, max_size=40
).filter(lambda rows: len({a for a, _ in rows}) == 2 and len({b for _, b in rows}) > 1)


def sampled_scores(temperature: float, bias: float, n: int = 20_000) -> tuple[Scores, Labels]:
    """Log-odds of a model whose true probabilities are sigmoid(logit / temperature + bias)."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2 * temperature, n)
    labels = rng.random(n) < 1 / (1 + np.exp(-(logits / temperature + bias)))
    return logits, labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_temperature_scaling_recovers_the_true_temperature(temperature: float) -> None:
    calibrator = fit("temperature", *sampled_scores(temperature, 0))
    assert isinstance(calibrator, TemperatureCalibrator)
    assert calibrator.temperature == pytest.approx(temperature, rel=0.05)
    assert calibrator.bias == 0


def test_platt_scaling_recovers_temperature_and_bias() -> None:
    calibrator = fit("platt", *sampled_scores(3.0, -1.0))
    assert isinstance(calibrator, TemperatureCalibrator)
    assert calibrator.temperature == pytest.approx(3, rel=0.05)
    assert calibrator.bias == pytest.approx(-1, rel=0.05)


def test_isotonic_regression_is_scikit_learns_within_platts_bounds() -> None:
    logits, labels = sampled_scores(3.0, -1.0, n=300)
    calibrator = fit("isotonic", logits, labels)
    raw = 1 / (1 + np.exp(-logits))
    expected = IsotonicRegression(out_of_bounds="clip").fit(raw, labels).predict(raw)
    bounds = 1 / (int((~labels).sum()) + 2), 1 - 1 / (int(labels.sum()) + 2)
    calibrated = [calibrate(float(logit), calibrator) for logit in logits]
    assert calibrated == pytest.approx(np.clip(expected, *bounds), abs=1e-9)
    assert 0 < min(calibrated) <= max(calibrated) < 1


@pytest.mark.parametrize("method", METHODS)
def test_perfectly_separated_classes_do_not_give_certainty(method: Method) -> None:
    logits, labels = np.array([-2.0, -1.0, 1.0, 2.0]), np.array([False, False, True, True])
    calibrator = fit(method, logits, labels)
    assert isinstance(calibrator, TemperatureCalibrator | IsotonicCalibrator)
    calibrated = [calibrate(float(logit), calibrator) for logit in logits]
    assert all(math.isfinite(value) for value in calibrated)
    assert calibrated == sorted(calibrated)


@given(samples)
def test_the_likelihood_is_scikit_learns_log_loss(rows: list[tuple[bool, float]]) -> None:
    labels, scores = np.array([a for a, _ in rows]), np.array([b for _, b in rows])
    clipped = np.clip(scores, 1e-6, 1 - 1e-6)
    assert negative_log_likelihood(labels, scores) == pytest.approx(sk.log_loss(labels, clipped))


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=40)
@given(rows=samples, target=st.sampled_from([0.0, 0.1, 0.5, 0.8, 1.0]))
def test_no_threshold_is_better_by_the_rule(
    rule: Rule, rows: list[tuple[bool, float]], target: float
) -> None:
    labels, scores = np.array([a for a, _ in rows]), np.array([b for _, b in rows])

    def merit(threshold: float) -> float:
        positive = scores >= threshold
        true, false = np.mean(positive[labels]), np.mean(positive[~labels])
        precision = sk.precision_score(labels, positive, zero_division=0)
        ok = {"target-fpr": false <= target, "target-precision": precision >= target}
        if not positive[labels].any() or not ok.get(rule, True):
            return -math.inf
        merits = {"best-f1": sk.f1_score(labels, positive), "youden": true - false}
        return float(merits.get(rule, true))

    possible = [merit(float(at)) for at in np.unique(scores)[1:]]
    if max(possible) == -math.inf:
        with pytest.raises(CardError, match="cannot be reached"):
            choose_threshold(labels, scores, rule, target=target, where="D")
        return
    choice = choose_threshold(labels, scores, rule, target=target, where="D")
    assert merit(choice.value) == pytest.approx(max(possible))
    assert " on D: F1 " in choice.chosen


def test_a_threshold_lies_between_scores_and_prefers_fewer_false_positives() -> None:
    labels, scores = np.array([False, True, False, True]), np.array([0.1, 0.2, 0.4, 0.8])
    assert choose_threshold(labels, scores, "youden", where="D").value == pytest.approx(0.6)
    assert choose_threshold(
        labels, scores, "target-fpr", target=0.5, where="D"
    ).value == pytest.approx(0.15)


def validation(logits: Scores, labels: Labels) -> list[Prediction]:
    return [
        Prediction("p", "D", "validation", "original", "Fake" if fake else "Real", 0, float(logit))
        for logit, fake in zip(logits, labels, strict=True)
    ]


def test_the_card_records_how_and_on_which_data_its_threshold_was_chosen() -> None:
    logits, labels = sampled_scores(4.0, 0, n=500)
    card = calibrated_card(
        CARD, validation(logits, labels), "temperature", "target-fpr", target=0.1
    )
    assert isinstance(card.calibrator, TemperatureCalibrator)
    reals, fakes = int((~labels).sum()), int(labels.sum())
    assert card.threshold.chosen.startswith(
        "most fakes found with at most 0.1 of reals called Fake on "
        f"D, validation ({reals} real, {fakes} fake): F1 "
    )
    positive = (
        np.array([calibrate(float(z), card.calibrator) for z in logits]) >= card.threshold.value
    )
    assert 0.08 < np.mean(positive[~labels]) <= 0.1
    assert (
        card.model_copy(update={"threshold": CARD.threshold, "calibrator": NoCalibrator()}) == CARD
    )


def from_sources(logits: dict[str, list[float]], label: str) -> list[Prediction]:
    return [
        Prediction("p", "D", "validation", "original", label, 0, logit, generator=source)
        for source, values in logits.items()
        for logit in values
    ]


def test_sources_have_equal_weight_whatever_their_size() -> None:
    reals = from_sources({"many": [0.0] * 90, "few": [0.0] * 30, "handful": [0.0] * 2}, "Real")
    weights = source_weights([*reals, *from_sources({"": [1.0] * 50}, "Fake")])
    many, few, handful = weights[:90].sum(), weights[90:120].sum(), weights[120:122].sum()
    assert many == pytest.approx(few)
    assert handful == pytest.approx(few / 10)
    assert many + few + handful == pytest.approx(122)
    assert weights[122:] == pytest.approx(1)


def test_a_small_source_with_many_false_positives_raises_the_threshold() -> None:
    easy = np.linspace(-9, -5, 380).tolist()
    hard = np.linspace(-2, 3, 20).tolist()
    reals = from_sources({"easy": easy, "hard": hard}, "Real")
    fakes = from_sources({"made": np.linspace(-1, 6, 400).tolist()}, "Fake")
    card = calibrated_card(CARD, [*reals, *fakes], "none", "target-fpr", target=0.05)
    at = np.log(card.threshold.value / (1 - card.threshold.value))
    # With equal weights, 1 in 10 of the hard source is 1 in 20 of both.
    assert np.mean(np.asarray(hard) >= at) == pytest.approx(0.1)


def test_swapped_classes_get_no_calibrator() -> None:
    logits, labels = sampled_scores(1.0, 0, n=200)
    with pytest.raises(CardError, match="swapped with Real"):
        calibrated_card(CARD, validation(logits, ~labels), "temperature", "youden")


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_command_calibrates_an_overconfident_model(
    method: Method, bright_data: Path, bright_models: Path, invoke: Invoke
) -> None:
    models = ("--models", bright_models)
    before = read_card(bright_models / "red.json")
    result = invoke("calibrate", "red", "--data", bright_data, "--calibrator", method, *models)
    assert result.exit_code == 0, result.output
    card = read_card(bright_models / "red.json")
    assert "largest Youden's J on Bright, validation (120 real, 120 fake)" in card.threshold.chosen
    assert f"Threshold {card.threshold.value:.4f}: {card.threshold.chosen}" in result.stdout
    if isinstance(card.calibrator, TemperatureCalibrator):
        assert card.calibrator.temperature == pytest.approx(5, rel=0.3)
    # The true temperature is 5, so log-odds of 5 mean log-odds of 1.
    assert calibrate(5.0, card.calibrator) == pytest.approx(sigmoid(1.0), abs=0.12)
    data = (bright_models / "red.eval" / CALIBRATION).read_bytes()
    fitted, tested = Calibration.model_validate_json(data).gains
    assert (fitted.split, fitted.fitted_here) == ("validation", True)
    assert (tested.split, tested.fitted_here) == ("test", False)
    for gain in (fitted, tested):
        assert gain.after.nll < gain.before.nll
        assert gain.after.brier < gain.before.brier
        assert gain.after.ece < gain.before.ece
    assert card.sha256 == before.sha256
    # The command that it prints updates the evaluation to the new card.
    assert invoke("evaluate", "red", "--data", bright_data, *models).exit_code == 0
    row = Evaluation.model_validate_json(
        (bright_models / "red.eval" / "metrics.json").read_bytes()
    ).rows[0]
    assert row.metrics["ece"].value == pytest.approx(tested.after.ece, abs=1e-4)
    assert row.metrics["brier"].value == pytest.approx(tested.after.brier, abs=1e-4)


@pytest.mark.slow
def test_the_command_that_calibrate_prints_evaluates_every_data_set(
    bright_data: Path, bright_models: Path, tmp_path: Path, invoke: Invoke
) -> None:
    second = shutil.copytree(bright_data, tmp_path / "Second")
    models = ("--models", bright_models)
    result = invoke("calibrate", "red", "--data", bright_data, "--data", second, *models)
    assert result.exit_code == 0, result.output
    program, *command = shlex.split(result.stdout.splitlines()[-1])
    assert program == "detection-model"
    evaluated = invoke(*command, *models, "--logs", tmp_path / "logs")
    assert evaluated.exit_code == 0, evaluated.output
    data = (bright_models / "red.eval" / "metrics.json").read_bytes()
    rows = Evaluation.model_validate_json(data).rows
    assert {row.dataset for row in rows} == {"Bright", "Second"}


def test_a_model_without_a_card_and_a_swapped_one_are_refused(
    bright_data: Path, bright_models: Path, invoke: Invoke
) -> None:
    models = ("--models", bright_models)
    card = read_card(bright_models / "red.json")
    swapped = card.output.model_copy(update={"classes": ("Fake", "Real")})
    write_card(card.model_copy(update={"output": swapped}), bright_models / "red.json")
    (bright_models / "green.json").unlink()
    for name, message in (
        ("red", "swapped with Real"),
        ("green", "detection-model model card green"),
    ):
        before = sorted(path.name for path in bright_models.iterdir())
        result = invoke("calibrate", name, "--data", bright_data, *models)
        assert result.exit_code == 2
        assert message in result.stderr
        assert sorted(path.name for path in bright_models.iterdir()) == before


def test_an_overridden_threshold_and_unreadable_pictures_are_reported(
    bright_data: Path, bright_models: Path, tmp_path: Path, invoke: Invoke
) -> None:
    data = shutil.copytree(bright_data, tmp_path / "data")
    (data / "Validation" / "Real" / "broken.png").write_bytes(b"no picture")
    (bright_models / "red.eval_config.json").write_text('{"threshold": 0.7}')
    result = invoke("calibrate", "red", "--data", data, "--models", bright_models)
    assert result.exit_code == 0, result.output
    assert "the threshold 0.7 in red.eval_config.json" in result.stderr
    assert "broken.png" in result.stderr
    assert "unreadable pictures: 1" in result.stderr
