"""Runs in a logs folder are listed, and every point of their event files is read."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from detection_model.training.logs import Run, RunReader, Series
from detection_model.training.run import RunRecord, TrainConfig

REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "tensorboard-logs"


def write_events(folder: Path, values: dict[int, float], tag: str = "epoch_accuracy") -> None:
    """One more event file, as Keras writes it."""
    import tensorflow as tf

    with tf.summary.create_file_writer(str(folder)).as_default():
        for step, value in values.items():
            tf.summary.scalar(tag, value, step=step)


def read(logs: Path) -> dict[str, Run]:
    return {run.name: run for run in RunReader(logs).all()}


def only_series(run: Run) -> Series:
    (series,) = run.series
    return series


def test_every_point_is_read_beyond_tensorboards_limit_of_ten(tmp_path: Path) -> None:
    values = {step: step / 100 for step in range(60)}
    write_events(tmp_path / "v1" / "one" / "validation", values)
    run = read(tmp_path)["v1/one"]
    series = only_series(run)
    assert (series.part, series.tag) == ("validation", "epoch_accuracy")
    assert series.steps == list(range(60))
    assert series.values == pytest.approx([step / 100 for step in range(60)])
    assert series.times == sorted(series.times)
    assert run.started is not None
    assert run.started <= run.updated


@pytest.mark.parametrize("folder", ["older", "a/b/c", "v1/2026"])
def test_any_folder_with_train_or_validation_is_a_run(tmp_path: Path, folder: str) -> None:
    write_events(tmp_path / folder / "train", {0: 0.5})
    write_events(tmp_path / folder / "validation", {0: 0.25})
    run = read(tmp_path)[folder]
    assert {series.part: series.values for series in run.series} == {
        "train": [0.5],
        "validation": [0.25],
    }


def test_bare_event_files_are_a_run_without_parts(tmp_path: Path) -> None:
    write_events(tmp_path / "bare", {0: 0.5})
    assert only_series(read(tmp_path)["bare"]).part == ""


def test_several_event_files_of_a_folder_are_one_curve(tmp_path: Path) -> None:
    write_events(tmp_path / "run" / "train", {0: 0.1, 1: 0.2})
    write_events(tmp_path / "run" / "train", {2: 0.3})
    series = only_series(read(tmp_path)["run"])
    assert series.steps == [0, 1, 2]
    assert series.values == pytest.approx([0.1, 0.2, 0.3])


def test_the_later_value_of_a_repeated_epoch_counts(tmp_path: Path) -> None:
    write_events(tmp_path / "run" / "train", {0: 0.1, 1: 0.2, 2: 0.9})
    write_events(tmp_path / "run" / "train", {2: 0.3, 3: 0.4})
    series = only_series(read(tmp_path)["run"])
    assert series.steps == [0, 1, 2, 3]
    assert series.values == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_values_that_are_not_finite_are_gaps(tmp_path: Path) -> None:
    write_events(tmp_path / "run" / "train", {0: 0.1, 1: math.nan, 2: math.inf})
    assert only_series(read(tmp_path)["run"]).values == [pytest.approx(0.1), None, None]


def test_a_damaged_or_growing_file_does_not_affect_others(tmp_path: Path) -> None:
    write_events(tmp_path / "whole" / "train", {0: 0.1, 1: 0.2})
    write_events(tmp_path / "half" / "train", {0: 0.1, 1: 0.2})
    (file,) = (tmp_path / "half" / "train").iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    (tmp_path / "rubbish" / "train").mkdir(parents=True)
    (tmp_path / "rubbish" / "train" / "events.out.tfevents.1").write_bytes(b"x" * 1000)
    (tmp_path / "empty" / "train").mkdir(parents=True)
    (tmp_path / "empty" / "train" / "events.out.tfevents.1").touch()
    runs = read(tmp_path)
    assert only_series(runs["whole"]).steps == [0, 1]
    assert only_series(runs["half"]).steps == [0]
    assert runs["rubbish"].series == runs["empty"].series == []


def test_files_that_cannot_be_read_to_their_end_are_named(tmp_path: Path) -> None:
    write_events(tmp_path / "whole" / "train", {0: 0.1, 1: 0.2})
    for name in ("half", "rubbish", "empty"):
        shutil.copytree(tmp_path / "whole", tmp_path / name)
    (half,) = (tmp_path / "half" / "train").iterdir()
    half.write_bytes(half.read_bytes()[:-20])
    (rubbish,) = (tmp_path / "rubbish" / "train").iterdir()
    rubbish.write_bytes(b"x" * 1000)
    (empty,) = (tmp_path / "empty" / "train").iterdir()
    empty.write_bytes(b"")
    runs = read(tmp_path)
    assert runs["whole"].problems == {}
    assert runs["half"].problems == {f"train/{half.name}": "incomplete"}
    assert runs["rubbish"].problems == {f"train/{rubbish.name}": "not_events"}
    assert runs["empty"].problems == {f"train/{empty.name}": "empty"}


def write_simple_values(folder: Path, values: dict[int, float], tag: str) -> None:
    """One more event file, as TensorFlow 1 and PyTorch write it."""
    import tensorflow as tf

    folder.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / f"events.out.tfevents.{len(values)}.host")) as file:
        for step, value in values.items():
            summary = tf.compat.v1.Summary()
            summary.value.add(tag=tag, simple_value=value)
            event = tf.compat.v1.Event(wall_time=1e9 + step, step=step, summary=summary)
            file.write(event.SerializeToString())


def test_curves_of_tensorflow_1_and_pytorch_are_read(tmp_path: Path) -> None:
    values = {step: step / 100 for step in range(60)} | {60: math.nan}
    write_simple_values(tmp_path / "old" / "train", values, "loss")
    write_simple_values(tmp_path / "torch", values, "Loss/train")
    runs = read(tmp_path)
    for name, part, tag in (("old", "train", "loss"), ("torch", "", "Loss/train")):
        series = only_series(runs[name])
        assert (series.part, series.tag, series.steps) == (part, tag, list(range(61)))
        assert series.values[59:] == [pytest.approx(0.59), None]
        assert series.times[0] == 1e9


def test_a_resumed_run_of_simple_values_shows_the_later_ones(tmp_path: Path) -> None:
    write_simple_values(tmp_path / "run", {0: 0.1, 1: 0.2, 2: 0.9}, "loss")
    write_simple_values(tmp_path / "run", {2: 0.3, 3: 0.4, 4: 0.5, 5: 0.6}, "loss")
    series = only_series(read(tmp_path)["run"])
    assert series.steps == [0, 1, 2, 3, 4, 5]
    assert series.values == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])


def test_linked_runs_are_read(tmp_path: Path) -> None:
    logs, disk = tmp_path / "logs", tmp_path / "disk"
    write_events(disk / "model" / "one" / "train", {0: 0.1})
    write_events(logs / "v1" / "two" / "train", {0: 0.2})
    (logs / "latest").symlink_to(logs / "v1" / "two")
    (logs / "all").symlink_to(disk)
    (logs / "one").symlink_to(disk / "model" / "one")
    runs = read(logs)
    assert {name: only_series(run).values for name, run in runs.items()} == {
        "v1/two": [pytest.approx(0.2)],
        "latest": [pytest.approx(0.2)],
        "one": [pytest.approx(0.1)],
        "all/model/one": [pytest.approx(0.1)],
    }


def test_links_lead_to_no_circle_and_not_through_a_disk(tmp_path: Path) -> None:
    logs, disk = tmp_path / "logs", tmp_path / "disk"
    write_events(logs / "run" / "train", {0: 0.1})
    write_events(disk / "a" / "b" / "too" / "deep" / "train", {0: 0.1})
    write_events(disk / "other" / "train", {0: 0.1})
    (disk / "behind").symlink_to(disk / "other")
    (logs / "run" / "up").symlink_to(logs)
    (logs / "root").symlink_to("/")
    (logs / "itself").symlink_to(logs / "itself")
    (logs / "gone").symlink_to(tmp_path / "nowhere")
    (logs / "disk").symlink_to(disk)
    assert read(logs).keys() == {"run", "disk/other"}


def test_only_plain_files_are_events(tmp_path: Path) -> None:
    write_events(tmp_path / "run" / "train", {0: 0.1})
    os.mkfifo(tmp_path / "run" / "train" / "events.out.tfevents.9")
    assert only_series(read(tmp_path)["run"]).steps == [0]


def record(**changes: Any) -> RunRecord:
    config = TrainConfig(recipe="v1", name="mine", data="data/Dataset", epochs=5)
    return RunRecord(
        config=config,
        started="2026-01-01T00:00:00+00:00",
        data_fingerprint="",
        split="as the folders say",
        examples={},
        parameters=1,
        optimizer_variables=1,
    ).model_copy(update=changes)


def test_run_json_is_read_and_foreign_files_are_ignored(tmp_path: Path) -> None:
    for name in ("ours", "theirs", "broken"):
        write_events(tmp_path / name / "train", {0: 0.1})
    record(status="finished").save(tmp_path / "ours")
    (tmp_path / "theirs" / "run.json").write_text(json.dumps({"lr": 1}))
    (tmp_path / "broken" / "run.json").write_text("{")
    runs = read(tmp_path)
    run_record = runs["ours"].record
    assert run_record is not None
    assert (run_record.config.name, run_record.status) == ("mine", "finished")
    assert runs["theirs"].record is runs["broken"].record is None


def test_a_run_with_a_nan_loss_is_read(tmp_path: Path) -> None:
    write_events(tmp_path / "run" / "train", {0: math.nan})
    record(history={"loss": [1.0, math.nan]}).save(tmp_path / "run")
    run_record = read(tmp_path)["run"].record
    assert run_record is not None
    assert run_record.history["loss"] == pytest.approx([1.0, math.nan], nan_ok=True)


def test_a_growing_run_is_reread_and_a_deleted_one_disappears(tmp_path: Path) -> None:
    reader = RunReader(tmp_path)
    assert reader.all() == []
    write_events(tmp_path / "run" / "train", {0: 0.1})
    write_events(tmp_path / "other" / "train", {0: 0.1})
    before = {run.name: run for run in reader.all()}
    write_events(tmp_path / "run" / "train", {1: 0.2})
    after = {run.name: run for run in reader.all()}
    assert only_series(after["run"]).steps == [0, 1]
    assert after["other"] is before["other"]  # served from the cache
    record().save(tmp_path / "other")
    assert {run.name: run for run in reader.all()}["other"].record is not None
    shutil.rmtree(tmp_path / "run")
    assert [run.name for run in reader.all()] == ["other"]


def test_reading_needs_no_tensorflow(tmp_path: Path) -> None:
    write_events(tmp_path / "run" / "train", {0: 0.5})
    code = (
        "import sys; from pathlib import Path\n"
        "from detection_model.training.logs import RunReader\n"
        "assert RunReader(Path(sys.argv[1])).all()[0].series[0].values == [0.5]\n"
        "assert not any(name.partition('.')[0] == 'tensorflow' for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)


@pytest.mark.slow
def test_tensorflow_writes_summaries_after_a_run_was_read(tmp_path: Path) -> None:
    write_events(tmp_path / "run" / "train", {0: 0.5})
    code = (
        "import sys; from pathlib import Path\n"
        "from detection_model.training.logs import RunReader\n"
        "logs = Path(sys.argv[1])\n"
        "RunReader(logs).all()\n"
        "import tensorflow as tf\n"
        "with tf.summary.create_file_writer(str(logs / 'run' / 'train')).as_default():\n"
        "    tf.summary.scalar('epoch_accuracy', 0.25, step=1)\n"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)
    assert only_series(read(tmp_path)["run"]).values == [0.5, 0.25]


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="no logs of the reference project here")
@pytest.mark.parametrize(
    ("name", "points", "accuracy"),
    [("model_logs_v1", 20, 0.9222), ("model_logs_v2", 10, 0.9172), ("model_logs_v3", 20, 0.9275)],
)
def test_the_runs_of_the_reference_project_are_read(
    name: str, points: int, accuracy: float
) -> None:
    series = {(s.part, s.tag): s for s in read(REFERENCE)[name].series}
    for part in ("train", "validation"):
        assert series[part, "epoch_accuracy"].steps == list(range(points))
    assert series["validation", "epoch_accuracy"].values[-1] == pytest.approx(accuracy, abs=5e-5)
