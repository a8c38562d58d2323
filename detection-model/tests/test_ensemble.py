"""Ensembles combine several models; members that differ from the card are refused by name."""

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from typer.testing import Result

from detection_model import predict
from detection_model.card import (
    Card,
    CardError,
    InputSpec,
    IsotonicCalibrator,
    Member,
    StackedCombination,
    TemperatureCalibrator,
    identity,
    read_card,
    write_card,
)
from detection_model.evaluation.cards import ensemble_card, fit_stack
from detection_model.evaluation.display import models_table
from detection_model.evaluation.records import Evaluation, read_published
from detection_model.inference.detector import Ensemble
from detection_model.inference.verdict import ensemble_logit, sigmoid

Invoke = Callable[..., Result]
SHA = {"a": "a" * 64, "b": "b" * 64}


def ensemble(*members: Member, **more: object) -> Card:
    content = {"name": "both", "kind": "ensemble", "members": members, **more}
    return Card.model_validate({**content, "input": InputSpec(height=32, width=32)})


A, B = (Member(name=name, sha256=sha) for name, sha in SHA.items())
logits = st.floats(-30, 30)


@given(logits, logits, st.floats(0.1, 10))
def test_the_mean_is_taken_over_calibrated_probabilities(a: float, b: float, weight: float) -> None:
    calibrated = B.model_copy(
        update={"weight": weight, "calibrator": TemperatureCalibrator(temperature=4, bias=0.5)}
    )
    mean = (sigmoid(a) + weight * sigmoid(b / 4 + 0.5)) / (1 + weight)
    result = ensemble_logit(ensemble(A, calibrated), [a, b])
    assert sigmoid(result) == pytest.approx(mean, abs=1e-12)


def test_a_mean_uses_an_isotonic_calibrator_and_stays_finite() -> None:
    certain = IsotonicCalibrator(x=(0.2, 0.8), y=(0.0, 1.0))
    card = ensemble(*(member.model_copy(update={"calibrator": certain}) for member in (A, B)))
    assert sigmoid(ensemble_logit(card, [0.0, 9.0])) == pytest.approx(0.75)
    for extreme in ([9.0, 9.0], [-9.0, -9.0]):
        assert math.isfinite(ensemble_logit(card, extreme))
    for extreme in ([1e6, 1e6], [-1e6, -1e6], [1e6, -1e6]):
        assert math.isfinite(ensemble_logit(ensemble(A, B), extreme))


@given(logits, logits)
def test_a_stack_is_a_weighted_sum_of_logits(a: float, b: float) -> None:
    stack = StackedCombination(coefficients=(0.5, -0.25), intercept=1.0)
    expected = 0.5 * a - 0.25 * b + 1
    assert ensemble_logit(ensemble(A, B, combination=stack), [a, b]) == pytest.approx(expected)


def test_invalid_ensemble_cards_are_refused() -> None:
    with pytest.raises(ValueError, match="one number per member"):
        ensemble(A, B, combination=StackedCombination(coefficients=(1.0,)))
    with pytest.raises(ValueError, match="only an ensemble"):
        Card(
            name="m",
            sha256=SHA["a"],
            input=InputSpec(height=1, width=1),
            combination=StackedCombination(coefficients=(1.0,)),
        )
    with pytest.raises(ValueError, match="1 logits for 2 members"):
        ensemble_logit(ensemble(A, B), [0.0])
    member = Card(name="a", sha256=SHA["a"], input=InputSpec(height=1, width=1))
    for members in ([member], [member, member]):
        with pytest.raises(CardError, match="two or more different"):
            ensemble_card("x", members)
    with pytest.raises(CardError, match="both is an ensemble itself"):
        ensemble_card("x", [member, ensemble(A, B)])


def test_the_identity_of_an_ensemble_covers_members_and_combination() -> None:
    card = ensemble(A, B)
    assert identity(card) == identity(card.model_copy(update={"name": "other"}))
    changes = (
        {"members": (B, A)},
        {"members": (A, B.model_copy(update={"weight": 2.0}))},
        {"combination": StackedCombination(coefficients=(1.0, 1.0))},
    )
    others = {identity(card.model_copy(update=change)) for change in changes}
    assert len(others | {identity(card)}) == 4


def test_stacking_is_logistic_regression_whatever_the_scale_of_a_member() -> None:
    rng = np.random.default_rng(0)
    labels = rng.random(5000) < 0.5
    members = rng.normal(labels[:, None] - 0.5, 1.0, (5000, 2))
    result = fit_stack(members, labels)
    expected = LogisticRegression(C=np.inf).fit(members, labels)
    assert result.coefficients == pytest.approx(expected.coef_[0], rel=0.02)
    assert result.intercept == pytest.approx(expected.intercept_[0], abs=0.02)
    large = fit_stack(members * [1, 1000], labels)
    assert large.coefficients[1] * 1000 == pytest.approx(result.coefficients[1], rel=1e-3)


def test_combining_needs_no_tensorflow() -> None:
    code = (
        "import sys, detection_model.inference.detector, detection_model.inference.verdict; "
        "sys.exit('tensorflow' in sys.modules or 'sklearn' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def auc(models: Path, name: str) -> float:
    data = (models / f"{name}.eval" / "metrics.json").read_bytes()
    return Evaluation.model_validate_json(data).rows[0].metrics["auc"].value


@pytest.mark.slow
@pytest.mark.parametrize("stack", [False, True])
def test_an_ensemble_is_evaluated_calibrated_and_run_like_a_model(
    stack: bool, bright_data: Path, bright_models: Path, invoke: Invoke
) -> None:
    models = ("--models", bright_models)
    option = ("--stack", bright_data) if stack else ()
    result = invoke("ensemble", "all", "red", "green", "blue", *option, *models)
    assert result.exit_code == 0, result.output
    card = read_card(bright_models / "all.json")
    if isinstance(card.combination, StackedCombination):
        # The true log-odds of a channel are a fifth of its model's.
        assert card.combination.coefficients == pytest.approx([0.2] * 3, abs=0.07)
    for name in ("red", "all"):
        result = invoke("evaluate", name, "--data", bright_data, *models)
        assert result.exit_code == 0, result.output
    # Three independent channels: the gap grows by the square root of 3.
    assert auc(bright_models, "all") > auc(bright_models, "red") + 0.05
    published = read_published(bright_models, "all")
    assert published.evaluation.model_sha256 == identity(card)
    assert models_table({"all": published}).row_count == 1
    result = invoke("calibrate", "all", "--data", bright_data, *models)
    assert result.exit_code == 0, result.output
    assert identity(read_card(bright_models / "all.json")) == identity(card)
    result = invoke("compare", "red", "all", *models)
    assert result.exit_code == 0, result.output
    picture = next((bright_data / "Test" / "Fake").rglob("*.png"))
    result = invoke("predict", picture, "--model", "all", "--json", *models)
    assert result.exit_code == 0, result.output
    loaded = Ensemble.load(bright_models / "all.json")
    member_logits = [predict(member, picture).verdict.logit for member in loaded.members]
    output = json.loads(result.stdout)
    assert output["logit"] == pytest.approx(ensemble_logit(loaded.card, member_logits))
    assert output["threshold"] == loaded.card.threshold.value != 0.5


def test_a_member_that_is_missing_or_another_file_is_refused_by_name(
    bright_models: Path, invoke: Invoke
) -> None:
    models = ("--models", bright_models)
    assert invoke("ensemble", "all", "red", "green", "blue", *models).exit_code == 0
    (bright_models / "green.keras").write_bytes((bright_models / "red.keras").read_bytes())
    result = invoke("predict", "x.png", "--model", "all", *models)
    assert (result.exit_code, "file of its member green has changed" in result.stderr) == (2, True)
    (bright_models / "green.keras").unlink()
    result = invoke("predict", "x.png", "--model", "all", *models)
    assert (result.exit_code, "its member green is missing" in result.stderr) == (2, True)


def test_an_ensemble_keeps_the_calibrators_of_its_creation(
    bright_models: Path, invoke: Invoke
) -> None:
    models = ("--models", bright_models)
    calibrator = TemperatureCalibrator(temperature=5)
    red = read_card(bright_models / "red.json")
    write_card(red.model_copy(update={"calibrator": calibrator}), bright_models / "red.json")
    assert (
        invoke("ensemble", "two", "red", "green", "--weight", 3, "--weight", 1, *models).exit_code
        == 0
    )
    write_card(red, bright_models / "red.json")
    first, second = read_card(bright_models / "two.json").members
    assert (first.calibrator, first.weight) == (calibrator, 3)
    assert (second.calibrator.kind, second.weight) == ("none", 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["red", "green", "blue"], "red is the name of a model"),
        (["two", "red"], "two or more"),
        (["two", "red", "purple"], "no model purple"),
        (["two", "red", "green", "--weight", "1"], "one for each member"),
    ],
)
def test_invalid_ensembles_are_refused(
    arguments: list[str], message: str, bright_models: Path, invoke: Invoke
) -> None:
    before = sorted(bright_models.iterdir())
    result = invoke("ensemble", *arguments, "--models", bright_models)
    assert result.exit_code == 2
    assert message in result.stderr
    assert sorted(bright_models.iterdir()) == before


def test_members_trained_on_different_splits_are_not_evaluated_together(
    bright_data: Path, bright_models: Path, tmp_path: Path, invoke: Invoke
) -> None:
    training = {"data": "D", "split": "drawn", "epochs": 1}
    for seed, name in enumerate(("red", "green")):
        card = json.loads((bright_models / f"{name}.json").read_text())
        data = json.dumps({**card, "training": {**training, "seed": seed}})
        (bright_models / f"{name}.json").write_text(data)
    unsplit = tmp_path / "Unsplit"
    unsplit.mkdir()
    for label in ("Real", "Fake"):
        (unsplit / label).symlink_to(bright_data / "Test" / label, target_is_directory=True)
    models = ("--models", bright_models)
    assert invoke("ensemble", "two", "red", "green", *models).exit_code == 0
    result = invoke("evaluate", "two", "--data", unsplit, *models)
    assert result.exit_code == 2
    assert "different seeds" in result.stderr
    assert invoke("evaluate", "two", "--data", bright_data, *models).exit_code == 0
