"""`detection-model model export`: exported models give the same outputs as Keras."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection_model.card import OutputSpec, card_path, write_card
from detection_model.export import exporters
from detection_model.export.exporters import comparison_pictures, fake, write
from detection_model.inference.detector import Detector, ModelError
from detection_model.inference.runtime import LiteRT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network with random weights, whose class 0 is Fake."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    stack: list[Any] = [
        layers.Rescaling(1 / 255),
        layers.Conv2D(8, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(2, activation="softmax"),
    ]
    path = tmp_path_factory.mktemp("model") / "small.keras"
    keras.Sequential([keras.Input((48, 40, 3)), *stack]).save(path)
    card = Detector.load(path).card
    output = OutputSpec(activation="softmax", classes=("Fake", "Real"))
    write_card(card.model_copy(update={"output": output}), card_path(path))
    return path


@pytest.mark.parametrize(
    ("name", "file", "tolerance"),
    [
        ("litert", "small.tflite", 1e-5),
        ("litert-float16", "small.float16.tflite", 1e-3),
        ("litert-int8", "small.int8.tflite", 0.05),
        ("saved-model", "small", 1e-6),
        ("onnx", "small.onnx", 1e-5),
    ],
)
def test_each_format_gives_the_outputs_of_keras(
    tmp_path: Path, model: Path, synthetic: Path, name: Any, file: str, tolerance: float
) -> None:
    if name == "onnx":
        pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    card = Detector.load(model).card
    pictures = comparison_pictures(card.input, synthetic)
    report = write(model, card, name, tmp_path / "small", pictures, threshold=0.5)
    assert report.path == tmp_path / file
    assert report.path.exists()
    assert report.pictures == len(pictures)
    assert 0 <= report.mean_difference <= report.largest_difference <= tolerance
    assert report.megabytes > 0


def test_the_report_shows_a_difference(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Detector.load(model).card
    pictures = comparison_pictures(card.input, None)

    def write_wrong_model(_model: Any, path: Path, _pictures: Any) -> exporters.Call:
        path.touch()
        return lambda _batch: np.asarray([[1.0, 0.0]], np.float32)

    monkeypatch.setattr(exporters, "WRITERS", {"litert": write_wrong_model})
    report = write(model, card, "litert", tmp_path / "x", pictures, threshold=0.999999)
    assert report.largest_difference > 0.1
    assert report.changed == len(pictures)


def test_a_missing_package_is_named(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    card = Detector.load(model).card
    pictures = comparison_pictures(card.input, None)
    with pytest.raises(ModelError, match=r"needs the package onnxruntime.*\[onnx\]"):
        write(model, card, "onnx", tmp_path / "x", pictures, threshold=0.5)


@pytest.mark.parametrize("linear", [True, False])
@pytest.mark.parametrize("fake_first", [True, False])
def test_the_probability_of_fake_follows_the_card(linear: bool, fake_first: bool) -> None:
    classes = ("Fake", "Real") if fake_first else ("Real", "Fake")
    logit = 2.0  # for the second class
    second = 1 / (1 + np.exp(-logit))
    sigmoid = np.asarray([[logit if linear else second]], np.float32)
    softmax = np.asarray([[0, logit] if linear else [1 - second, second]], np.float32)
    expected = 1 - second if fake_first else second
    for activation, outputs in (("sigmoid", sigmoid), ("softmax", softmax)):
        spec = OutputSpec.model_validate({"activation": activation, "classes": classes})
        assert fake(outputs, spec, linear=linear)[0] == pytest.approx(expected, rel=1e-6)


def test_the_command_writes_and_reports(
    tmp_path: Path, model: Path, synthetic: Path, invoke: Any
) -> None:
    formats = ("--to", "litert", "--to", "litert-int8")
    result = invoke("export", model, *formats, "--data", synthetic, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "small.tflite").is_file()
    assert (tmp_path / "small.int8.tflite").is_file()
    for word in ("difference from Keras", "litert-int8", "MB"):
        assert word in result.stdout
    for arguments, message in (
        (("--to", "gguf"), "no format gguf"),
        (("--to", "litert-int8"), "--data"),
    ):
        result = invoke("export", model, *arguments, "--out", tmp_path)
        assert result.exit_code == 2
        assert message in result.stderr


def test_exporting_an_ensemble_writes_its_members_and_says_so(
    tmp_path: Path, bright_models: Path, invoke: Any
) -> None:
    models = ("--models", bright_models)
    assert invoke("ensemble", "pair", "red", "blue", *models).exit_code == 0
    result = invoke("export", "pair", "--to", "litert", "--out", tmp_path / "out", *models)
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["blue.tflite", "red.tflite"]
    assert "pair is an ensemble: these are its members" in result.stdout
    assert "in pair.json" in result.stdout
    picture = np.full((1, 32, 32, 3), (132, 127.5, 125), np.float32)
    for name, channel in (("red", 0), ("blue", 2)):
        logit = 0.2 * (picture[0, 0, 0, channel] - 127.5)
        outputs = LiteRT((tmp_path / "out" / f"{name}.tflite").read_bytes())(picture)
        assert outputs[0, 0] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-5)
    (bright_models / "blue.keras").unlink()
    result = invoke("export", "pair", "--to", "litert", "--out", tmp_path / "none", *models)
    assert (result.exit_code, "its member blue is missing" in result.stderr) == (2, True)
    assert not (tmp_path / "none").exists()
