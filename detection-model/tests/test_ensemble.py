"""Several models answer as one; members that are not those of the card are refused by name."""

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
from detection_model.evaluation.records import Evaluation, read_published
from detection_model.evaluation.tables import models_table
from detection_model.inference.ensemble import Ensemble
from detection_model.inference.verdict import ensemble_logit, sigmoid

Here = Callable[..., Result]
SHA = {"a": "a" * 64, "b": "b" * 64}


def ensemble(*members: Member, **more: object) -> Card:
    content = {"name": "both", "kind": "ensemble", "members": members, **more}
    return Card.model_validate({**content, "input": InputSpec(height=32, width=32)})


A, B = (Member(name=name, sha256=sha) for name, sha in SHA.items())
logits = st.floats(-30, 30)


@given(logits, logits, st.floats(0.1, 10))
def test_a_mean_is_that_of_the_calibrated_probabilities(a: float, b: float, weight: float) -> None:
    cooled = B.model_copy(
        update={"weight": weight, "calibrator": TemperatureCalibrator(temperature=4, bias=0.5)}
    )
    mean = (sigmoid(a) + weight * sigmoid(b / 4 + 0.5)) / (1 + weight)
    result = ensemble_logit(ensemble(A, cooled), [a, b])
    assert sigmoid(result) == pytest.approx(mean, abs=1e-12)


def test_a_mean_uses_an_isotonic_calibrator_and_stays_finite() -> None:
    sure = IsotonicCalibrator(x=(0.2, 0.8), y=(0.0, 1.0))
    card = ensemble(*(member.model_copy(update={"calibrator": sure}) for member in (A, B)))
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


def test_cards_that_make_no_sense_are_refused() -> None:
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
    one = Card(name="a", sha256=SHA["a"], input=InputSpec(height=1, width=1))
    for members in ([one], [one, one]):
        with pytest.raises(CardError, match="two or more different"):
            ensemble_card("x", members)
    with pytest.raises(CardError, match="both is an ensemble itself"):
        ensemble_card("x", [one, ensemble(A, B)])


def test_its_identity_is_its_members_and_how_they_are_combined() -> None:
    card = ensemble(A, B)
    assert identity(card) == identity(card.model_copy(update={"name": "other"}))
    changes = (
        {"members": (B, A)},
        {"members": (A, B.model_copy(update={"weight": 2.0}))},
        {"combination": StackedCombination(coefficients=(1.0, 1.0))},
    )
    others = {identity(card.model_copy(update=change)) for change in changes}
    assert len(others | {identity(card)}) == 4


def test_a_stack_is_a_logistic_regression_that_no_members_scale_decides() -> None:
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
        "import sys, detection_model.inference.ensemble, detection_model.inference.verdict; "
        "sys.exit('tensorflow' in sys.modules or 'sklearn' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def auc(models: Path, name: str) -> float:
    written = (models / f"{name}.eval" / "metrics.json").read_bytes()
    return Evaluation.model_validate_json(written).rows[0].metrics["auc"].value


@pytest.mark.parametrize("stack", [False, True])
def test_an_ensemble_is_evaluated_calibrated_and_asked_like_a_model(
    stack: bool, bright_data: Path, bright_models: Path, here: Here
) -> None:
    models = ("--models", bright_models)
    option = ("--stack", bright_data) if stack else ()
    done = here("ensemble", "all", "red", "green", "blue", *option, *models)
    assert done.exit_code == 0, done.output
    card = read_card(bright_models / "all.json")
    if isinstance(card.combination, StackedCombination):
        # A channel's log-odds are a fifth of what its model says.
        assert card.combination.coefficients == pytest.approx([0.2] * 3, abs=0.07)
    for name in ("red", "all"):
        done = here("evaluate", name, "--data", bright_data, *models)
        assert done.exit_code == 0, done.output
    # Three independent looks: the gap grows by the root of three.
    assert auc(bright_models, "all") > auc(bright_models, "red") + 0.05
    published = read_published(bright_models, "all")
    assert published.evaluation.model_sha256 == identity(card)
    assert models_table({"all": published}).row_count == 1
    done = here("calibrate", "all", "--data", bright_data, *models)
    assert done.exit_code == 0, done.output
    assert identity(read_card(bright_models / "all.json")) == identity(card)
    done = here("compare", "red", "all", *models)
    assert done.exit_code == 0, done.output
    picture = next((bright_data / "Test" / "Fake").rglob("*.png"))
    done = here("predict", picture, "--model", "all", "--json", *models)
    assert done.exit_code == 0, done.output
    loaded = Ensemble.load(bright_models / "all.json")
    each = [predict(member, picture).verdict.logit for member in loaded.members]
    result = json.loads(done.stdout)
    assert result["logit"] == pytest.approx(ensemble_logit(loaded.card, each))
    assert result["threshold"] == loaded.card.threshold.value != 0.5


def test_a_member_that_is_missing_or_another_file_is_refused_by_name(
    bright_models: Path, here: Here
) -> None:
    models = ("--models", bright_models)
    assert here("ensemble", "all", "red", "green", "blue", *models).exit_code == 0
    (bright_models / "green.keras").write_bytes((bright_models / "red.keras").read_bytes())
    done = here("predict", "x.png", "--model", "all", *models)
    assert (done.exit_code, "file of its member green has changed" in done.stderr) == (2, True)
    (bright_models / "green.keras").unlink()
    done = here("predict", "x.png", "--model", "all", *models)
    assert (done.exit_code, "its member green is missing" in done.stderr) == (2, True)


def test_an_ensemble_keeps_the_calibrators_that_it_was_made_with(
    bright_models: Path, here: Here
) -> None:
    models = ("--models", bright_models)
    cool = TemperatureCalibrator(temperature=5)
    red = read_card(bright_models / "red.json")
    write_card(red.model_copy(update={"calibrator": cool}), bright_models / "red.json")
    assert (
        here("ensemble", "two", "red", "green", "--weight", 3, "--weight", 1, *models).exit_code
        == 0
    )
    write_card(red, bright_models / "red.json")
    first, second = read_card(bright_models / "two.json").members
    assert (first.calibrator, first.weight) == (cool, 3)
    assert (second.calibrator.kind, second.weight) == ("none", 1)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["red", "green", "blue"], "red is the name of a model"),
        (["two", "red"], "two or more"),
        (["two", "red", "purple"], "no model purple"),
        (["two", "red", "green", "--weight", "1"], "one for each member"),
    ],
)
def test_what_makes_no_ensemble_is_said(
    arguments: list[str], why: str, bright_models: Path, here: Here
) -> None:
    before = sorted(bright_models.iterdir())
    done = here("ensemble", *arguments, "--models", bright_models)
    assert done.exit_code == 2
    assert why in done.stderr
    assert sorted(bright_models.iterdir()) == before


def test_members_that_drew_different_splits_are_not_judged_together(
    bright_data: Path, bright_models: Path, tmp_path: Path, here: Here
) -> None:
    training = {"data": "D", "split": "drawn", "epochs": 1}
    for seed, name in enumerate(("red", "green")):
        card = json.loads((bright_models / f"{name}.json").read_text())
        written = json.dumps({**card, "training": {**training, "seed": seed}})
        (bright_models / f"{name}.json").write_text(written)
    unsplit = tmp_path / "Unsplit"
    unsplit.mkdir()
    for label in ("Real", "Fake"):
        (unsplit / label).symlink_to(bright_data / "Test" / label, target_is_directory=True)
    models = ("--models", bright_models)
    assert here("ensemble", "two", "red", "green", *models).exit_code == 0
    done = here("evaluate", "two", "--data", unsplit, *models)
    assert done.exit_code == 2
    assert "different seeds" in done.stderr
    assert here("evaluate", "two", "--data", bright_data, *models).exit_code == 0
