"""The public API of the package."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from factories import Cli
from PIL import Image
from typer.testing import Result

import detection_model
from detection_model import ImageResult, PredictOptions, load, predict
from detection_model.card import newest_model
from detection_model.imaging import ImageError

MODELS = Path(__file__).parents[1] / "models"


def test_a_published_model_classifies_an_image_file(tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    Image.new("RGB", (64, 64), (90, 120, 150)).save(path)
    model = load(MODELS / "v3.keras")
    result = predict(model, path, PredictOptions(threshold=1.0))
    assert isinstance(result, ImageResult)
    assert result.verdict.prediction == "Real"
    assert result == predict(model, path.read_bytes(), PredictOptions(threshold=1.0))
    with pytest.raises(ImageError):
        predict(model, b"no image")


@pytest.mark.slow
def test_the_command_classifies_with_the_newest_model_unless_another_is_named(
    tmp_path: Path, cli: Cli, invoke: Callable[..., Result]
) -> None:
    path = tmp_path / "grey.png"
    Image.new("RGB", (64, 64), (90, 120, 150)).save(path)
    default = json.loads(cli("predict", path, "--json").stdout)
    newest = invoke("predict", path, "--json", "--model", newest_model(MODELS))
    assert default == json.loads(newest.stdout)
    invoke("explain", path, "--out", tmp_path / "why.png")
    assert (tmp_path / "why.png").exists()


def test_the_package_imports_no_tensorflow() -> None:
    code = (
        "import sys, detection_model; from detection_model import *; "
        "assert predict and load and PredictOptions and ImageResult; "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'judge'"):
        detection_model.judge  # noqa: B018
