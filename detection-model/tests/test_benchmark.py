"""`detection-model eval benchmark`: every published model on every data set."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from detection_model.card import TrainingRun, file_sha256, read_card, write_card
from detection_model.cli import common
from detection_model.data.folders import find_data
from detection_model.data.preprocessing import fingerprint
from detection_model.evaluation import records
from detection_model.evaluation.records import Evaluation

Invoke = Callable[..., Result]


@pytest.mark.slow
def test_every_model_is_evaluated_on_every_set_its_own_first(
    bright_data: Path, bright_models: Path, tmp_path: Path, invoke: Invoke
) -> None:
    dark = tmp_path / "Dark"
    for split in ("Train", "Test"):
        shutil.copytree(bright_data / split / "Real", dark / split / "Real")
        shutil.copytree(bright_data / split / "Fake" / "GanA", dark / split / "Fake")
    card = read_card(bright_models / "green.json")
    training_set = find_data(dark).split("train")
    own = fingerprint((example, file_sha256(example.path)) for example in training_set)
    training = TrainingRun(data="", data_fingerprint=own, split="", seed=0, epochs=1)
    write_card(card.model_copy(update={"training": training}), bright_models / "green.json")
    (bright_models / "blue.json").unlink()
    (bright_models / "blue.keras").unlink()
    (bright_models / "eval_config.json").write_text("{}")
    pair = invoke("ensemble", "pair", "red", "green", "--models", bright_models)
    assert pair.exit_code == 0, pair.output
    options = ("--data", bright_data, "--data", f"{dark}=Dim,Late", "--delivery", "original")
    result = invoke("benchmark", *options, "--models", bright_models, "--logs", tmp_path)
    assert result.exit_code == 0, result.output
    assert "Bright was not inspected" in result.stderr
    evaluations = {
        name: Evaluation.model_validate_json(
            (bright_models / f"{name}.eval" / records.METRICS).read_bytes()
        )
        for name in ("red", "green", "pair")
    }
    rows = {
        name: [(row.dataset, row.generator) for row in evaluation.rows]
        for name, evaluation in evaluations.items()
    }
    bright = [("Bright", None), ("Bright", "GanA"), ("Bright", "GanB")]
    assert rows == {
        "red": [*bright, ("Late", "Dim")],
        "green": [("Late", "Dim"), *bright],
        "pair": [*bright, ("Late", "Dim")],
    }
    assert evaluations["red"].command == (
        "detection-model eval benchmark --data data/Bright --data data/Dark=Dim,Late --model red "
        "--perturb original"
    )
    path = bright_models / "red.eval" / records.PREDICTIONS
    recomputed = invoke("evaluate", "red", "--from-predictions", path, "--models", bright_models)
    assert recomputed.exit_code == 0, recomputed.output
    from_file = Evaluation.model_validate_json((path.with_name(records.METRICS)).read_bytes())
    assert from_file == evaluations["red"]


def test_every_model_file_and_ensemble_is_published(bright_models: Path, invoke: Invoke) -> None:
    (bright_models / "blue.keras").rename(bright_models / "v10.h5")
    (bright_models / "eval_config.json").write_text("{}")
    (bright_models / "red.eval_config.json").write_text("{}")
    pair = invoke("ensemble", "v2", "red", "green", "--models", bright_models)
    assert pair.exit_code == 0, pair.output
    assert common.published_names(bright_models) == ["green", "red", "v2", "v10"]


def test_a_folder_without_models_is_an_error(tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("benchmark", "--data", tmp_path, "--models", tmp_path)
    assert result.exit_code == 2
    assert "has no models" in result.stderr
