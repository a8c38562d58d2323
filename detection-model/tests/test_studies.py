"""Studies and sweeps: tables that say what was run, and searches that go on."""

import csv
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from detection_model.data.synthetic import write_synthetic
from detection_model.training.config import TrainConfig, configured
from detection_model.training.reporting import Reporter
from detection_model.training.study import (
    NOTES,
    TABLE,
    Outcome,
    curves_figure,
    train_all,
    write_tables,
)
from detection_model.training.sweep import STORE, Space, sweep


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    folder = tmp_path_factory.mktemp("data") / "Synthetic"
    write_synthetic(folder, per_class=16, side=64)
    settings = {"data": str(folder), "image_size": 32, "batch_size": 8, "epochs": 2}
    return configured("v1", settings)


def test_a_study_says_what_was_run_and_what_was_not(tmp_path: Path, small: TrainConfig) -> None:
    configs = {
        "as it is": small,
        "pretrained": small.model_copy(update={"name": "pretrained", "weights": "imagenet"}),
    }
    outcomes = list(
        train_all(configs, tmp_path, Reporter(), lambda model: {"auc": len(model.name)})
    )
    outcomes.append(Outcome("another", status="not run: not chosen"))
    write_tables(outcomes, tmp_path, "Comparison")
    with (tmp_path / TABLE).open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    trained = rows["as it is"]
    assert (trained["status"], trained["epochs"], trained["test_auc"]) == ("trained", "2", "8")
    assert "test" not in trained
    assert float(trained["val_accuracy"]) == outcomes[0].curve[-1]
    assert rows["pretrained"]["status"].startswith("not run: v1, v2 and v3 begin with random")
    assert rows["another"]["val_loss"] == ""
    assert (tmp_path / NOTES).read_text().count("\n| ") == 5  # two of them are the heading
    (axes,) = curves_figure(outcomes).axes
    assert [line.get_label() for line in axes.lines] == ["as it is"]


def test_a_sweep_goes_on_where_it_was_cut_off(tmp_path: Path, small: TrainConfig) -> None:
    base = small.model_copy(update={"name": "sweep", "epochs": 1})
    space = Space(["adam", "sgd"], [8, 16], (1e-4, 1e-2))
    logs = tmp_path / "logs"

    def run(trials: int) -> optuna.Study:
        return sweep(base, space, trials=trials, logs=logs, report=Reporter())

    (first,) = run(1).trials
    name = optuna.get_all_study_names(f"sqlite:///{logs / 'sweep' / STORE}")[0]
    cut = optuna.load_study(study_name=name, storage=f"sqlite:///{logs / 'sweep' / STORE}").ask()
    cut.suggest_categorical("optimizer", ["adam", "sgd"])
    cut.suggest_categorical("batch_size", [8, 16])
    cut.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    trials = run(2).trials
    assert [trial.state for trial in trials] == [
        TrialState.COMPLETE,
        TrialState.FAIL,
        TrialState.COMPLETE,
    ]
    assert trials[2].params == cut.params
    assert trials[0].params == first.params
    assert len(run(2).trials) == 3
    folders = [path.parent for path in logs.glob("sweep/*/*/run.json")]
    assert len(folders) == 2
    for folder in folders:
        events = EventAccumulator(str(folder)).Reload()
        assert events.PluginTagToContent("hparams")
        validation: Any = EventAccumulator(str(folder / "validation")).Reload()
        assert "epoch_loss" in validation.Tags()["tensors"]
