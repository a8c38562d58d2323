"""A configuration combines recipe, YAML file and flags; errors name the setting."""

import json
from pathlib import Path
from typing import Any

import pytest

from detection_model import architectures
from detection_model.training.config import ConfigError, TrainConfig, configured, read_settings
from detection_model.training.network import rate_at, stages
from detection_model.training.run import RunRecord

LOGS = Path(__file__).parents[2] / "logs"


def config(recipe: str = "v3", **changes: Any) -> TrainConfig:
    return configured(recipe, {"data": "data/Dataset"}, changes)


def test_flags_override_the_file_and_the_file_overrides_the_recipe(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("epochs: 7\nbatch_size: 4\naugmentation:\n  flip: true\n  jpeg: 60\n")
    flags = {"data": "d", "epochs": 3, "seed": None, "augmentation": {"jpeg": "40"}}
    result = configured("v3", read_settings(file), flags)
    assert (result.epochs, result.batch_size, result.seed) == (3, 4, 0)
    assert result.learning_rate == architectures.RECIPES["v3"].learning_rate
    assert result.augmentation.chosen == {"flip": True, "jpeg": 40}


def test_the_defaults_are_those_of_the_published_runs() -> None:
    records = sorted(LOGS.glob("v[123]/*/run.json"))
    assert len(records) == 3
    for path in records:
        settings = json.loads(path.read_text())["config"]
        record = RunRecord.model_validate_json(path.read_bytes())
        licences = {"data_licences": settings["data_licences"]}
        assert record.config == configured(settings["recipe"], {"data": settings["data"]}, licences)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimiser": "adam"}, "optimiser: there is no such setting"),
        ({"faults": {"label_noise": "2"}}, "faults.label_noise: .* less than or equal to 1"),
        ({"augmentation": {"flp": "1"}}, "augmentation.flp: there is no such setting"),
        ({"class_weights": "1"}, "class_weights: balanced, or two numbers"),
        ({"class_weights": "0,1"}, "class_weights must be above 0"),
        ({"schedule": "cosine", "reduce_on_plateau": 2}, "choose one"),
    ],
)
def test_invalid_settings_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}" if ":" in message else message):
        config(**changes)


@pytest.mark.parametrize(
    "fault", [{"label_noise": 0.2}, {"input_noise": 20}, {"shuffled_labels": True}]
)
def test_faults_of_labels_and_pixels_are_refused_with_face_crops(fault: dict[str, Any]) -> None:
    crops = {"real": {"a": 1}, "fake": {"a": 1}, "pictures": 10}
    with pytest.raises(ConfigError, match=f"{next(iter(fault))} is not supported with portraits"):
        config("v4", portraits=crops, faults=fault)
    config("v4", portraits=crops, faults={"skip_gradients": 2})


@pytest.mark.parametrize("text", ["- a\n- b", "epochs: [", "just words", ""])
def test_a_file_that_is_not_a_table_of_settings_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"mine\.yaml"):
        read_settings(tmp_path / "mine.yaml")


def test_a_pretrained_network_trains_in_two_stages_and_a_random_one_in_one() -> None:
    pretrained = config("mobilenetv2", epochs=3, fine_tune_epochs=2, fine_tuned=9)
    first, second = stages(pretrained, architectures.RECIPES["mobilenetv2"])
    assert (first.name, first.epochs, first.rate, first.backbone) == ("frozen", 3, 1e-3, 0)
    assert (second.name, second.epochs, second.backbone) == ("fine-tuned", 2, 9)
    assert second.rate == pytest.approx(1e-4)
    _, faster = stages(
        config("mobilenetv2", fine_tune_epochs=2, fine_tuning_rate=0.5),
        architectures.RECIPES["mobilenetv2"],
    )
    assert faster.rate == 0.5
    random = config("mobilenetv2", epochs=3, fine_tune_epochs=2, weights="none")
    (only,) = stages(random, architectures.RECIPES["mobilenetv2"])
    assert (only.epochs, only.backbone) == (5, None)


def test_schedules_decay_over_the_epochs_of_a_stage() -> None:
    def rates(schedule: str) -> list[float]:
        settings = config(schedule=schedule, epochs=4, learning_rate=1)
        (stage,) = stages(settings, architectures.RECIPES["v3"])
        return [rate_at(settings, stage, epoch) for epoch in range(4)]

    assert rates("constant") == [1, 1, 1, 1]
    assert rates("linear") == [1, 0.75, 0.5, 0.25]
    assert rates("cosine") == pytest.approx([1, 0.5 + 2**-1.5, 0.5, 0.5 - 2**-1.5])
