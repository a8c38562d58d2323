"""The command line from a data set to a published model, on generated pictures."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from factories import train_with_signal
from PIL import Image
from typer.testing import Result

from detection_model import imaging
from detection_model.card import InputSpec, file_sha256, read_card
from detection_model.data.folders import find_data
from detection_model.data.preprocessing import load_pictures
from detection_model.data.write import write_synthetic
from detection_model.evaluation import records

pytestmark = pytest.mark.slow

Cli = Callable[..., "subprocess.CompletedProcess[str]"]
Invoke = Callable[..., Result]


@pytest.fixture(scope="module")
def trained(
    synthetic: Path, tmp_path_factory: pytest.TempPathFactory, cli: Cli
) -> tuple[Path, str]:
    """v1 trained for 5 epochs: stopped by Ctrl-C in the second, then resumed."""
    home = tmp_path_factory.mktemp("trained")
    arguments = ["train", "v1", "--data", str(synthetic), "--epochs", "5", "--batch-size", "8"]
    arguments += ["--models", str(home / "models"), "--logs", str(home / "logs")]
    stopped = train_with_signal(signal.SIGINT, arguments)
    assert stopped.returncode == 130, stopped.stderr
    assert "the same command resumes there" in stopped.stderr
    (record,) = home.glob("logs/v1/*/run.json")
    assert json.loads(record.read_text())["status"] == "interrupted"
    assert not list(home.glob("models/*.keras"))
    result = cli(*arguments)
    assert result.returncode == 0, result.stderr
    return home, result.stderr


def test_an_interrupted_training_is_resumed_in_its_own_run(trained: tuple[Path, str]) -> None:
    home, output = trained
    assert "resuming" in output
    (record,) = home.glob("logs/v1/*/run.json")
    content = json.loads(record.read_text())
    assert content["status"] == "finished"
    assert all(len(values) == 5 for values in content["history"].values())
    assert content["parameters"] == 3_696_625
    assert 1 <= content["best_epoch"] <= 5
    assert content["data_warnings"] is None
    assert "was not inspected for leaks" in output
    assert "WARNING: " in output


def test_the_run_holds_event_files_plots_and_the_best_epoch(trained: tuple[Path, str]) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (run,) = (trained[0] / "logs" / "v1").iterdir()
    for split in ("train", "validation"):
        events = EventAccumulator(str(run / split), size_guidance={"tensors": 0})
        events.Reload()
        assert sorted({e.step for e in events.Tensors("epoch_loss")}) == [0, 1, 2, 3, 4]
    for plot in ("loss.png", "accuracy.png"):
        with Image.open(run / plot) as picture:
            assert picture.size == (600, 400)
    assert (run / "best.keras").is_file()
    assert not (run / "last.keras").exists()


def test_the_published_model_has_no_optimizer_and_a_matching_card(
    trained: tuple[Path, str],
) -> None:
    model = trained[0] / "models" / "v1.keras"
    assert model.stat().st_size < 15_500_000
    card = read_card(model.with_suffix(".json"))
    assert card.sha256 == file_sha256(model)
    assert card.training is not None
    assert card.training.examples["train/Fake"] == 32
    assert card.training.epochs == 5


def test_a_published_model_is_not_overwritten(
    trained: tuple[Path, str], synthetic: Path, invoke: Invoke
) -> None:
    home = trained[0]
    before = file_sha256(home / "models" / "v1.keras")
    places = ("--models", home / "models", "--logs", home / "logs")
    result = invoke("train", "v1", "--data", synthetic, "--epochs", 1, *places)
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert file_sha256(home / "models" / "v1.keras") == before


def test_evaluate_and_predict_agree_on_the_scores(
    trained: tuple[Path, str], synthetic: Path, cli: Cli, invoke: Invoke
) -> None:
    models = trained[0] / "models"
    result = invoke("evaluate", "v1", "--data", synthetic, "--models", models)
    assert result.exit_code == 0, result.output
    assert "weighted avg" in result.stdout
    folder = models / "v1.eval"
    evaluation = records.Evaluation.model_validate_json((folder / records.METRICS).read_bytes())
    (row,) = evaluation.rows
    assert "weighted avg" in (folder / records.REPORT).read_text()
    assert (row.n_real, row.n_fake) == (8, 8)
    assert row.metrics["auc"].value > 0.9
    assert evaluation.model_sha256 == file_sha256(models / "v1.keras")
    predictions = records.read_predictions(folder / records.PREDICTIONS)
    assert records.confusion_at(predictions, evaluation.threshold) == row.confusion

    fake, real = (next((synthetic / "Test" / label).glob("*.png")) for label in ("Fake", "Real"))
    (synthetic / "broken.png").write_bytes(b"no picture")
    # In its own process: stdout must hold nothing but JSON.
    predicted = cli(
        "predict", fake, synthetic / "broken.png", real, "--json", "--model", models / "v1.keras"
    )
    first, broken, last = map(json.loads, predicted.stdout.splitlines())
    assert predicted.returncode == 1
    assert first["fake"] > last["fake"]
    assert "not supported" in broken["error"]
    by_name = {row.path: row.fake for row in predictions}
    path = fake.relative_to(synthetic).as_posix()
    assert first["fake"] == pytest.approx(by_name[path], abs=1e-5)


@pytest.mark.parametrize("side", [40, 256, 1500])
def test_training_and_serving_get_the_same_pixels(tmp_path: Path, side: int) -> None:
    rng = np.random.default_rng(side)
    for label in ("Real", "Fake"):
        (tmp_path / label).mkdir()
        for number in range(10):
            pixels = rng.integers(0, 256, (side, side * 4 // 3, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / label / f"{number}.jpg", quality=60)
    spec = InputSpec(height=256, width=256, value_range=(-1, 1))
    pictures = load_pictures(find_data(tmp_path).split("train"), spec)
    inputs = imaging.scale(pictures.pixels, spec)
    for example, trained in zip(pictures.examples, inputs, strict=True):
        model_input = imaging.to_input(imaging.decode(example.path.read_bytes()).pixels, spec)
        assert np.array_equal(trained, model_input)


def test_bad_pictures_are_listed_and_skipped(tmp_path: Path) -> None:
    for label in ("Real", "Fake"):
        (tmp_path / "Train" / label).mkdir(parents=True)
        Image.new("RGB", (64, 64), "red").save(tmp_path / "Train" / label / "good.png")
    (tmp_path / "Train" / "Real" / "bad.jpg").write_bytes(b"no")
    pictures = load_pictures(find_data(tmp_path).split("train"), InputSpec(height=64, width=64))
    assert len(pictures.examples) == 2
    assert [(bad.path.name, "not supported" in bad.reason) for bad in pictures.bad] == [
        ("bad.jpg", True)
    ]


def test_an_unusable_data_set_is_refused_in_one_line(tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("train", "v1", "--data", tmp_path, "--models", tmp_path)
    assert result.exit_code == 2
    assert "no pictures found" in result.stderr
    assert "Traceback" not in result.stderr


def test_every_help_text_has_an_example(invoke: Invoke) -> None:
    for arguments in ([], ["train"], ["evaluate"], ["predict"], ["card"], ["synthetic"]):
        result = invoke(*arguments, "--help")
        assert result.exit_code == 0
        assert "detection-model " in result.stdout


def test_a_random_split_is_stored_and_used_by_evaluate(tmp_path: Path, invoke: Invoke) -> None:
    write_synthetic(tmp_path / "made", per_class=20)
    data = tmp_path / "unsplit"  # a folder beside other splits would be refused
    (tmp_path / "made" / "Train").rename(data)
    places = ("--models", tmp_path / "models")
    result = invoke(
        *("train", "v1", "--data", data, "--epochs", 1, "--seed", 7, *places),
        *("--logs", tmp_path / "logs"),
    )
    assert result.exit_code == 0, result.output
    (file,) = (tmp_path / "logs").glob("v1/*/split.json")
    split = json.loads(file.read_text())
    assert {name: len(paths) for name, paths in split.items()} == {
        "train": 32,
        "validation": 4,
        "test": 4,
    }
    result = invoke("evaluate", "v1", "--data", data, *places)
    assert result.exit_code == 0, result.output
    predictions = records.read_predictions(tmp_path / "models" / "v1.eval" / records.PREDICTIONS)
    assert sorted(row.path for row in predictions) == sorted(split["test"])
