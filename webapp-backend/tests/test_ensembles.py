"""Ensembles in the models folder: cards alone, answered by the engines of their members."""

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_factories import (
    brightness_model,
    card_for,
    ensemble,
    picture,
    predict,
    prepare,
    ready_client,
    refresh,
    settings_for,
)

from app.core.settings import Settings
from detection_model.card import (
    Card,
    MeanCombination,
    StackedCombination,
    identity,
)

GREY = picture(140)


@pytest.fixture
def models(prepared: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the prepared models, to be changed."""
    return Path(shutil.copytree(prepared[0], tmp_path / "models"))


@pytest.fixture
def both(settings: Settings, models: Path) -> Iterator[TestClient]:
    ensemble(models, "both", ["bright", "dark"], combination=MeanCombination())
    stacked = StackedCombination(coefficients=(2.0, -1.0), intercept=0.5)
    ensemble(models, "stack", ["bright", "dark"], combination=stacked)
    with ready_client(settings.model_copy(update={"models_dir": models})) as client:
        yield client


def test_a_mean_is_that_of_its_members_and_a_stack_their_weighted_sum(both: TestClient) -> None:
    results = predict(both, GREY, models="bright,dark,both,stack").json()["results"]
    bright, dark, mean, stack = results
    expected = (bright["probability"]["fake"] + dark["probability"]["fake"]) / 2
    assert mean["probability"]["fake"] == pytest.approx(expected)
    assert stack["logit"] == pytest.approx(2 * bright["logit"] - dark["logit"] + 0.5)
    assert stack["probability"]["fake"] == pytest.approx(1 / (1 + math.exp(-stack["logit"])))


def test_the_assumptions_about_a_member_carry_its_name(settings: Settings, models: Path) -> None:
    ensemble(models, "loose", ["bright", "nocard"])
    with ready_client(settings.model_copy(update={"models_dir": models})) as client:
        result = predict(client, GREY, model="loose").json()
    assert result["verdict"] == "uncertain"
    assert {assumption["member"] for assumption in result["assumed"]} == {"nocard"}
    assert "nocard: output 1 means Fake" in result["assumptions"]


def test_an_ensemble_is_listed_chosen_measured_and_identified_like_a_model(
    both: TestClient, models: Path
) -> None:
    row = both.get("/api/models/both").json()["model"]
    assert (row["state"], row["card"]["kind"], row["engine"]) == ("ready", "ensemble", None)
    assert both.put("/api/models/active", json={"name": "both"}).status_code == 200
    answer = predict(both, GREY).json()
    card = Card.model_validate_json((models / "both.json").read_bytes())
    assert (answer["model"], answer["model_sha256"]) == ("both", identity(card))
    assert both.post("/api/models/both/speed").json()["median_ms"] > 0
    assert both.get("/api/model/info").json()["model_name"] == "both"
    (listing,) = [
        file
        for file in both.get("/api/models").json()["folder"]["files"]
        if file["name"] == "both.json"
    ]
    assert listing["problem"] is None


def test_a_threshold_is_set_for_an_ensemble(both: TestClient) -> None:
    both.patch("/api/models/both", json={"threshold": 0.99})
    answer = predict(both, picture(255), model="both").json()
    assert (answer["threshold"], answer["prediction"]) == (0.99, "Real")


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda models: (models / "dark.keras").unlink(), "dark is missing"),
        (
            lambda models: shutil.copy(models / "bright.keras", models / "dark.keras"),
            "dark is not the file",
        ),
        (lambda models: (models / "both.json").write_text('{"kind": "ensemble"}'), "name"),
    ],
)
def test_an_ensemble_that_is_not_whole_says_which_member_or_field(
    settings: Settings, models: Path, spoil: Any, problem: str
) -> None:
    ensemble(models, "both", ["bright", "dark"])
    spoil(models)
    with ready_client(settings.model_copy(update={"models_dir": models})) as client:
        row = client.get("/api/models/both").json()["model"]
        assert row["state"] == "broken"
        assert problem in row["problem"]
        answer = predict(client, GREY, model="both")
        assert (answer.status_code, answer.json()["error"]) == (409, "model_broken")
        assert predict(client, GREY, model="bright").status_code == 200


def test_an_ensemble_waits_for_members_that_are_prepared_and_keeps_those_it_had(
    tmp_path: Path,
) -> None:
    models = tmp_path / "models"
    card_for(brightness_model(models / "one.keras"))
    settings = settings_for(models, tmp_path / "state")
    ensemble(models, "alone", ["one"])
    with ready_client(settings) as client:
        assert client.get("/api/models/alone").json()["model"]["state"] == "loading"
        assert predict(client, GREY, model="alone").status_code == 503
        prepare(models, settings.cache_dir)
        refresh(client)
        before = predict(client, GREY, model="alone").json()
        assert before["model"] == "alone"
        # Another file takes the member's name: what was made of the first goes on to answer.
        card_for(brightness_model(models / "one.keras", sign=-1))
        prepare(models, settings.cache_dir)
        refresh(client)
        after = predict(client, GREY, models="one,alone").json()["results"]
        assert after[0]["model_sha256"] != before["model_sha256"]
        assert after[1]["logit"] == before["logit"]
        assert "is not the file" in client.get("/api/models/alone").json()["model"]["problem"]
