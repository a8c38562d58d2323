"""`detection-model eval benchmark`: every published model on every data set."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from detection_model.card import TrainingRun, file_sha256, read_card, write_card
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
    options = ("--data", bright_data, "--data", f"{dark}=Dim,Late", "--delivery", "original")
    result = invoke("benchmark", *options, "--models", bright_models, "--logs", tmp_path)
    assert result.exit_code == 0, result.output
    assert "Bright was not inspected" in result.stderr
    evaluations = {
        name: Evaluation.model_validate_json(
            (bright_models / f"{name}.eval" / records.METRICS).read_bytes()
        )
        for name in ("red", "green")
    }
    rows = {
        name: [(row.dataset, row.generator) for row in evaluation.rows]
        for name, evaluation in evaluations.items()
    }
    bright = [("Bright", None), ("Bright", "GanA"), ("Bright", "GanB")]
    assert rows == {"red": [*bright, ("Late", "Dim")], "green": [("Late", "Dim"), *bright]}
    assert evaluations["red"].command == (
        "detection-model eval benchmark --data data/Bright --data data/Dark=Dim,Late --model red "
        "--perturb original"
    )
    path = bright_models / "red.eval" / records.PREDICTIONS
    recomputed = invoke("evaluate", "red", "--from-predictions", path, "--models", bright_models)
    assert recomputed.exit_code == 0, recomputed.output
    from_file = Evaluation.model_validate_json((path.with_name(records.METRICS)).read_bytes())
    assert from_file == evaluations["red"]
