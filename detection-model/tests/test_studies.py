"""Studies and sweeps: their result tables, and resuming them."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from typer.testing import Result

from detection_model import architectures
from detection_model.cli import studies
from detection_model.data.write import write_synthetic
from detection_model.training.config import Faults, TrainConfig, configured
from detection_model.training.run import Interrupted, Reporter, RunRecord
from detection_model.training.study import (
    NOTES,
    PLOT,
    STORE,
    TABLE,
    Space,
    Study,
    StudyResult,
    curves_figure,
    run_study,
    sweep,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    folder = tmp_path_factory.mktemp("data") / "Synthetic"
    write_synthetic(folder, per_class=16, side=64)
    settings = {"data": str(folder), "image_size": 32, "batch_size": 8, "epochs": 2}
    return configured("v1", settings)


def rows_of(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / TABLE).open(newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def test_a_study_lists_trained_and_skipped_rows(tmp_path: Path, small: TrainConfig) -> None:
    study = Study(
        "Comparison",
        {
            "as it is": small,
            "pretrained": small.model_copy(update={"name": "pretrained", "weights": "imagenet"}),
        },
        skipped=[StudyResult("another", status="not run: not chosen")],
        warnings=["the sets share pictures"],
        measure=lambda model: {"auc": len(model.name)},
    )
    run_study(study, tmp_path, tmp_path / "logs", Reporter())
    rows = rows_of(tmp_path)
    trained = rows["as it is"]
    assert (trained["status"], trained["epochs"], trained["test_auc"]) == ("trained", "2", "8")
    assert not {"test", "curve", "accuracy_lost"} & set(trained)
    assert rows["pretrained"]["status"].startswith("not run: v1, v2, v3 and the MesoNets")
    assert rows["another"]["val_loss"] == ""
    notes = (tmp_path / NOTES).read_text()
    assert notes.count("\n| ") == 5  # two of them are the heading
    assert "WARNING: the sets share pictures" in notes
    assert Image.open(tmp_path / PLOT).format == "PNG"
    (run,) = (tmp_path / "logs").glob("v1/*/run.json")
    history = RunRecord.model_validate_json(run.read_bytes()).history
    assert float(trained["val_accuracy"]) == history["val_accuracy"][-1]


def test_a_stopped_study_keeps_its_rows_and_resumes(tmp_path: Path, small: TrainConfig) -> None:
    configs = {
        name: small.model_copy(update={"name": name, "epochs": 1, "faults": faults})
        for name, faults in {"a": Faults(), "b": Faults(wrong_loss=True)}.items()
    }
    study = Study("Faults", configs, baseline="a")
    messages: list[str] = []

    def stop(text: str) -> None:
        messages.append(text)
        if text == "b:" and messages.count("b:") == 1:
            raise Interrupted(tmp_path, 1)

    with pytest.raises(Interrupted):
        run_study(study, tmp_path, tmp_path / "logs", Reporter(say=stop))
    first = rows_of(tmp_path)
    assert first["a"]["status"] == "trained"
    assert first["b"]["status"].startswith("not run: the study was stopped before")
    run_study(study, tmp_path, tmp_path / "logs", Reporter(say=stop))
    assert messages.count("already trained") == 1
    rows = rows_of(tmp_path)
    assert {name: row["status"] for name, row in rows.items()} == {"a": "trained", "b": "trained"}
    assert {**rows["a"]} == {**first["a"]}
    loss = float(rows["a"]["val_accuracy"]) - float(rows["b"]["val_accuracy"])
    assert float(rows["a"]["accuracy_lost"]) == 0
    assert float(rows["b"]["accuracy_lost"]) == pytest.approx(loss)
    changed = {name: config.model_copy(update={"seed": 1}) for name, config in configs.items()}
    run_study(replace(study, configs=changed), tmp_path, tmp_path / "logs", Reporter(say=stop))
    assert messages.count("already trained") == 1


def test_every_trained_row_is_a_line_of_the_plot() -> None:
    results = [
        StudyResult("a", curve=(0.5, 0.6)),
        StudyResult("b"),
        StudyResult("c", curve=(0.7, 0.5)),
    ]
    (axes,) = curves_figure(results).axes
    assert [line.get_label() for line in axes.lines] == ["a", "c"]
    assert np.asarray(axes.lines[1].get_ydata()).tolist() == [0.7, 0.5]


def test_the_commands_write_table_and_plot(
    tmp_path: Path,
    small: TrainConfig,
    invoke: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = tmp_path / "small.yaml"
    settings.write_text("image_size: 32\nbatch_size: 8\n")
    options = ("--data", small.data, "--logs", tmp_path, "--epochs", 1)
    result = invoke("backbone-study", *options, "--recipes", "v1, v3", "--config", settings)
    assert result.exit_code == 0, result.output
    rows = rows_of(tmp_path / "backbone-study")
    assert {name for name, row in rows.items() if row["status"] == "trained"} == {"v1", "v3"}
    assert set(rows) == set(architectures.RECIPES)
    for row in (rows["v1"], rows["v3"]):
        assert 0 <= float(row["test_auc_low"]) <= float(row["test_auc"])
        assert float(row["test_auc"]) <= float(row["test_auc_high"]) <= 1
    assert "was not inspected for leaks" in result.stdout
    assert "not run: not chosen" in result.stdout
    monkeypatch.setattr(studies, "FAULTS", {"none": {}, "wrong loss": {"wrong_loss": True}})
    result = invoke("fault-study", *options, "--recipe", "v1", "--image-size", 32)
    assert result.exit_code == 0, result.output
    rows = rows_of(tmp_path / "fault-study")
    assert (rows["none"]["accuracy_lost"], float(rows["wrong loss"]["loss"])) == ("0.0", 0)
    assert (tmp_path / "fault-study" / PLOT).is_file()
    assert "Written to" in result.stdout


def test_an_interrupted_sweep_resumes(tmp_path: Path, small: TrainConfig) -> None:
    base = small.model_copy(update={"name": "sweep", "epochs": 1})
    space = Space(["adam", "sgd"], [8, 16], (1e-4, 1e-2))
    logs = tmp_path / "logs"

    def run(trials: int) -> optuna.Study:
        return sweep(base, space, trials=trials, logs=logs, report=Reporter())

    (first,) = run(1).trials
    name = optuna.get_all_study_names(f"sqlite:///{logs / 'sweep' / STORE}")[0]
    unfinished = optuna.load_study(
        study_name=name, storage=f"sqlite:///{logs / 'sweep' / STORE}"
    ).ask()
    unfinished.suggest_categorical("optimizer", ["adam", "sgd"])
    unfinished.suggest_categorical("batch_size", [8, 16])
    unfinished.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    trials = run(2).trials
    assert [trial.state for trial in trials] == [
        TrialState.COMPLETE,
        TrialState.FAIL,
        TrialState.COMPLETE,
    ]
    assert trials[2].params == unfinished.params
    assert trials[0].params == first.params
    assert len(run(2).trials) == 3
    wider = replace(space, rates=(1e-5, 1e-2))
    assert sweep(base, wider, trials=0, logs=logs, report=Reporter()).trials == []
    longer = base.model_copy(update={"epochs": 2})
    assert sweep(longer, space, trials=0, logs=logs, report=Reporter()).trials == []
    folders = [path.parent for path in logs.glob("sweep/*/*/run.json")]
    assert len(folders) == 2
    for folder in folders:
        events = EventAccumulator(str(folder)).Reload()
        assert events.PluginTagToContent("hparams")
        validation: Any = EventAccumulator(str(folder / "validation")).Reload()
        assert "epoch_loss" in validation.Tags()["tensors"]
