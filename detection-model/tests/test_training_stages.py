"""Stages, devices, precision and patience of a training, on a small network."""

import json
import shutil
import signal
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factories import run_process, train_with_signal, write_dataset
from typer.testing import Result

from detection_model import architectures
from detection_model.architectures import heads
from detection_model.card import read_card
from detection_model.data.audit.checks import inspect_data
from detection_model.data.audit.report import write_report
from detection_model.data.folders import find_data
from detection_model.training import run
from detection_model.training.config import TrainConfig, configured
from detection_model.training.run import Devices, RunRecord, describe
from detection_model.training.train import Folders, Reporter, train

pytestmark = pytest.mark.slow

SMALL = {"image_size": 64, "batch_size": 16, "name": "small"}


def small(data: Path, recipe: str = "v3", **changes: Any) -> TrainConfig:
    return configured(recipe, {"data": str(data), **SMALL, "epochs": 2}, changes)


def trained(config: TrainConfig, home: Path) -> tuple[Path, RunRecord]:
    """The run's folder and record; the model is in `home/models`."""
    train(config, Folders(home / "models", home / "logs"), Reporter(), force=True)
    (record,) = home.glob(f"logs/{config.name}/*/run.json")
    return record.parent, RunRecord.model_validate_json(record.read_bytes())


def tiny(side: int, weights: str, head: Any) -> Any:
    """A backbone that trains in a moment, built like those of the zoo."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1 if weights == "imagenet" else 2)
    inputs = x = keras.Input((side, side, 3))
    for number in range(3):
        x = layers.Conv2D(4, 3, strides=2, name=f"conv{number}")(x)
        x = layers.BatchNormalization(name=f"bn{number}")(x)
    return keras.Model(inputs, heads.attach([x], head, "average"))


def test_known_leaks_are_reported_and_recorded_in_the_card(tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "Leaking", suffixes=("jpg", "png"))
    (data / "Test").rename(data / "Validation")
    write_report(inspect_data(find_data(data)), tmp_path / "logs")
    messages: list[str] = []
    train(
        small(data, epochs=1),
        Folders(tmp_path / "models", tmp_path / "logs"),
        Reporter(say=messages.append),
    )
    (record,) = tmp_path.glob("logs/small/*/run.json")
    warnings = RunRecord.model_validate_json(record.read_bytes()).data_warnings
    assert warnings is not None
    assert any("format" in text for text in warnings)
    assert [f"WARNING: {text}" for text in warnings] == [
        text for text in messages if text.startswith("WARNING")
    ]
    card = read_card(tmp_path / "models" / "small.json")
    assert any("format" in failure for failure in card.known_failures)


def test_training_on_several_sets_reports_the_audit_of_each(tmp_path: Path) -> None:
    for name, suffixes in (("Leaking", ("jpg", "png")), ("Unseen", ("png", "png"))):
        write_dataset(tmp_path / name, suffixes=suffixes)
        (tmp_path / name / "Test").rename(tmp_path / name / "Validation")
    write_report(inspect_data(find_data(tmp_path / "Leaking")), tmp_path / "logs")
    both = {"Leaking": 1, "Unseen": 1}
    crops = {"real": both, "fake": both, "pictures": 16}
    _, record = trained(small(tmp_path, epochs=1, portraits=crops), tmp_path)
    assert record.data_warnings is not None
    text = "\n".join(record.data_warnings)
    assert "Leaking: " in text
    assert "Unseen was not inspected" in text
    (failure,) = read_card(tmp_path / "models" / "small.json").known_failures
    assert failure.startswith("Trained on Leaking: ")


def test_a_random_split_for_face_crops_is_recorded(tmp_path: Path) -> None:
    write_dataset(tmp_path / "Split")
    (tmp_path / "Split" / "Test").rename(tmp_path / "Split" / "Validation")
    write_dataset(tmp_path / "made")
    (tmp_path / "made" / "Train").rename(tmp_path / "Whole")
    both = {"Split": 1, "Whole": 1}
    crops = {"real": both, "fake": both, "pictures": 16}
    folder, _ = trained(small(tmp_path, epochs=1, portraits=crops), tmp_path)
    split = json.loads((folder / "split.json").read_text())
    assert {name: len(paths) for name, paths in split.items()} == {
        "train": 32,
        "validation": 4,
        "test": 4,
    }
    assert all(path.startswith("Whole/") for paths in split.values() for path in paths)


def test_a_run_is_unfinished_until_its_model_is_published(synthetic: Path, tmp_path: Path) -> None:
    config = small(synthetic, epochs=1)
    not_a_folder = tmp_path / "file"
    not_a_folder.touch()
    with pytest.raises(FileExistsError):
        train(config, Folders(not_a_folder, tmp_path / "logs"), Reporter())
    (record,) = tmp_path.glob("logs/small/*/run.json")
    assert json.loads(record.read_text())["status"] != "finished"
    _, resumed = trained(config, tmp_path)  # in the same folder
    assert resumed.status == "finished"
    assert len(resumed.history["loss"]) == 1
    assert (tmp_path / "models" / "small.keras").exists()


def test_runs_of_the_same_second_have_their_own_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "now", lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    folders = [run.new_folder(tmp_path, "v3") for _ in range(3)]
    assert len(set(folders)) == 3
    assert sorted(folders) == folders


def test_the_head_trains_first_and_the_end_of_the_backbone_second(
    synthetic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    recipe = architectures.Recipe(
        tiny, side=32, epochs=1, summary="", weights="imagenet", head="dense"
    )
    monkeypatch.setitem(architectures.RECIPES, "tiny", recipe)
    config = small(synthetic, "tiny", epochs=1, fine_tune_epochs=2, fine_tuned=3)
    folder, record = trained(config, tmp_path)
    assert record.stages == ["frozen", "fine-tuned"]
    assert len(record.history["loss"]) == 3
    fresh = recipe.build()
    frozen, tuned, published = (
        keras.saving.load_model(path)
        for path in (
            folder / "frozen.keras",
            folder / "fine-tuned.keras",
            tmp_path / "models/small.keras",
        )
    )

    def learned(before: Any, after: Any) -> list[str]:
        pairs = zip(before.layers, after.layers, strict=True)
        return [
            layer.name
            for layer, trained_layer in pairs
            if any(map(np.any, map(np.subtract, trained_layer.get_weights(), layer.get_weights())))
        ]

    head = ["head_dense1", "head_fake"]
    assert learned(fresh, frozen) == head
    # The last three are bn1, conv2 and bn2: statistics and scales of a backbone stay.
    assert learned(frozen, tuned) == ["conv2", *head]
    assert learned(tuned, published) == []


def test_a_stage_stops_early_and_keeps_the_best_epoch(synthetic: Path, tmp_path: Path) -> None:
    import keras

    # This learning rate is far too high.
    config = small(
        synthetic, epochs=9, optimizer="sgd", learning_rate=3.0, early_stopping=2, keep="best"
    )
    folder, record = trained(config, tmp_path)
    losses = record.history["val_loss"]
    assert len(losses) < 9
    assert min(losses[:-2]) < min(losses[-2:])
    assert record.best_epoch == 1 + losses.index(min(losses))
    best, published = (
        keras.saving.load_model(path).get_weights()
        for path in (folder / "best.keras", tmp_path / "models" / "small.keras")
    )
    assert all(np.array_equal(*pair) for pair in zip(best, published, strict=True))


def test_mixed_precision_publishes_a_network_that_computes_in_float32(
    synthetic: Path, tmp_path: Path
) -> None:
    import keras

    _, record = trained(small(synthetic, precision="mixed_bfloat16"), tmp_path)
    assert record.history["loss"][1] < record.history["loss"][0]
    published = keras.saving.load_model(tmp_path / "models" / "small.keras")
    assert {layer.dtype_policy.name for layer in published.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("changes", [{"optimizer": "adamw", "schedule": "cosine"}])
def test_the_run_records_settings_and_the_card_records_an_injected_fault(
    synthetic: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    config = small(synthetic, faults={"label_noise": 0.5}, class_weights=(1, 2), **changes)
    _, record = trained(config, tmp_path)
    assert record.config == config
    assert record.history["learning_rate"] == pytest.approx([1e-3, 5e-4])
    card = read_card(tmp_path / "models" / "small.json")
    assert card.known_failures == ("Trained with injected faults: label_noise 0.5.",)


def arguments(data: Path, home: Path, recipe: str, *more: str) -> list[str]:
    size = ["--image-size", "64", "--batch-size", "15", "--epochs", "3"]
    places = ["--models", str(home / "models"), "--logs", str(home / "logs")]
    return ["train", recipe, "--data", str(data), *size, *more, *places]


def history(home: Path) -> dict[str, list[float]]:
    (record,) = home.glob("logs/*/*/run.json")
    return RunRecord.model_validate_json(record.read_bytes()).history


def test_a_killed_training_loses_at_most_one_epoch_and_keeps_its_curve(
    synthetic: Path, tmp_path: Path, invoke: Callable[..., Result]
) -> None:
    more = ("--augment", "flip=1", "--augment", "jpeg=40")
    result = invoke(*arguments(synthetic, tmp_path / "whole", "v3", *more))
    assert result.exit_code == 0, result.output
    home = tmp_path / "killed"
    of_killed = arguments(synthetic, home, "v3", *more)
    killed = train_with_signal(signal.SIGKILL, of_killed)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(history(home)["loss"]) == 1
    result = invoke(*of_killed)
    assert result.exit_code == 0, result.output
    assert "resuming" in result.output
    whole, resumed = history(tmp_path / "whole"), history(home)
    assert resumed.keys() == whole.keys()
    for name, values in whole.items():
        np.testing.assert_allclose(resumed[name], values, rtol=1e-3, err_msg=name)
    # The second epoch started twice, but no epoch finished twice.
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (run,) = home.glob("logs/v3/*")
    events = EventAccumulator(str(run / "train"), size_guidance={"tensors": 0})
    steps = [event.step for event in events.Reload().Tensors("epoch_loss")]
    assert steps == list(range(3))


# oneDNN breaks logical CPU devices on some processors; real devices are not affected.
TWO_DEVICES = """
import os
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
half = tf.config.LogicalDeviceConfiguration()
tf.config.set_logical_device_configuration(cpu, [half, half])
"""


def test_two_devices_share_each_batch(
    synthetic: Path, tmp_path: Path, invoke: Callable[..., Result]
) -> None:
    data = tmp_path / "data"
    shutil.copytree(synthetic, data)
    for split in ("Train", "Validation"):  # the last batch, and the only one, are uneven
        next((data / split / "Real").glob("*.png")).unlink()
    # v1 has no dropout, whose noise would differ from device to device.
    short = ("--batch-size", "16", "--epochs", "2")
    result = run_process(arguments(data, tmp_path / "two", "v1", *short), TWO_DEVICES)
    assert result.returncode == 0, result.stderr
    assert "training on 2 CPU devices" in result.stderr
    (record,) = (tmp_path / "two").glob("logs/*/*/run.json")
    assert json.loads(record.read_text())["device"] == "2 CPU devices"
    alone = invoke(*arguments(data, tmp_path / "single", "v1", *short))
    assert alone.exit_code == 0, alone.output
    for name in ("loss", "val_loss"):
        shared, single = history(tmp_path / "two")[name], history(tmp_path / "single")[name]
        np.testing.assert_allclose(shared, single, rtol=0.02)


def test_a_batch_that_devices_cannot_share_is_refused(
    synthetic: Path,
    tmp_path: Path,
    invoke: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two = Devices("2 CPU devices", 2, nullcontext)
    monkeypatch.setattr("detection_model.training.train.find_devices", lambda _workers: two)
    result = invoke(*arguments(synthetic, tmp_path, "v1", "--batch-size", "15"))
    assert result.exit_code == 2
    assert "use 14 or 16" in result.stderr


def test_devices_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert describe(1, []) == "CPU"
    assert describe(1, ["NVIDIA H100"]) == "GPU (NVIDIA H100)"
    assert describe(2, ["A", "B"]) == "2 GPUs (A, B)"
    monkeypatch.setattr("detection_model.training.run.version", lambda _name: "1.2.0")
    assert describe(1, ["GPU"]) == "GPU (Apple, tensorflow-metal 1.2.0)"
