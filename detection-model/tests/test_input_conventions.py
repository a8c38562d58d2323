"""Probing a model without a card for its input range and polarity on labelled pictures."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from detection_model import predict
from detection_model.card import Card, CardError, InputSpec, read_card
from detection_model.data.folders import DataError
from detection_model.evaluation.cards import (
    InputConvention,
    best_convention,
    probe_conventions,
)
from detection_model.inference.detector import Detector


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fakes of medium brightness, reals darker or brighter, so that only one range fits a model."""
    folder = tmp_path_factory.mktemp("labelled")
    rng = np.random.default_rng(0)
    for label, levels in (("Real", (10, 245)), ("Fake", (118, 138))):
        (folder / label).mkdir()
        for number in range(20):
            pixels = np.full((40, 40, 3), levels[number % 2]) + rng.integers(-8, 8, (40, 40, 3))
            image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
            image.save(folder / label / f"{number}.png")
    return folder


def medium_brightness_model(path: Path, middle: float, width: float, fake_first: bool) -> Path:
    """A two-class softmax model that calls a mean within `width` of `middle` Fake."""
    import keras
    from keras import layers

    near, far = layers.Dense(2, activation="relu"), layers.Dense(2, activation="softmax")
    stack = [layers.GlobalAveragePooling2D(), near, far]
    keras.Sequential([keras.Input((40, 40, 3)), *stack]).save(path)
    model = keras.saving.load_model(path)
    dense: list[Any] = model.layers[-2:]
    # Two hinges: the distance of the mean above the middle, and below it.
    kernel = np.array([[1 / 3, -1 / 3]] * 3, np.float32) / width
    dense[0].set_weights([kernel, np.array([-middle, middle], np.float32) / width])
    away = np.array([[-8, 0], [-8, 0]], np.float32)
    bias = np.array([8, 0], np.float32)
    dense[1].set_weights([away, bias] if fake_first else [away[:, ::-1], bias[::-1]])
    model.save(path)
    return path


@pytest.mark.parametrize(
    ("values", "middle", "width", "fake_first"),
    [
        ("-1 to 1", 0.0, 0.3, True),
        ("-1 to 1", 0.0, 0.3, False),
        ("0 to 1", 0.5, 0.15, True),
        ("0 to 255", 128.0, 40.0, False),
    ],
)
def test_probing_determines_range_and_polarity(
    tmp_path: Path, labelled: Path, values: str, middle: float, width: float, fake_first: bool
) -> None:
    path = medium_brightness_model(tmp_path / "foreign.keras", middle, width, fake_first)
    best = best_convention(probe_conventions(path, labelled))
    assert best.values == values
    assert best.auc == 1
    assert best.card.output.classes == (("Fake", "Real") if fake_first else ("Real", "Fake"))


def test_the_command_writes_a_card_that_makes_verdicts_correct(
    tmp_path: Path, labelled: Path, invoke: Any
) -> None:
    path = medium_brightness_model(tmp_path / "foreign.keras", 0.0, 0.3, fake_first=True)
    assert Detector.load(path).assumptions
    result = invoke("card", path, "--data", labelled)
    assert result.exit_code == 0, result.output
    assert read_card(tmp_path / "foreign.json").input.value_range == (-1, 1)
    detector = Detector.load(path)
    for label in ("Real", "Fake"):
        for picture in (labelled / label).iterdir():
            assert predict(detector, picture).verdict.verdict == label.lower()
    result = invoke("card", path, "--data", labelled)
    assert result.exit_code == 2
    assert "--force" in result.stderr


def test_a_model_without_skill_gets_no_card(tmp_path: Path, labelled: Path) -> None:
    path = medium_brightness_model(tmp_path / "foreign.keras", 1e6, 1.0, fake_first=True)
    with pytest.raises(CardError, match="no input convention tells Real from Fake"):
        best_convention(probe_conventions(path, labelled))


def test_data_of_one_class_gives_no_card(tmp_path: Path, labelled: Path, invoke: Any) -> None:
    path = medium_brightness_model(tmp_path / "foreign.keras", 0.0, 0.3, fake_first=True)
    shutil.copytree(labelled / "Real", tmp_path / "half" / "Real")
    (tmp_path / "half" / "Fake").mkdir()
    (tmp_path / "half" / "Fake" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="the readable pictures are all Real"):
        probe_conventions(path, tmp_path / "half")
    result = invoke("model", "card", path, "--data", tmp_path / "half")
    assert result.exit_code == 2
    assert not (tmp_path / "foreign.json").exists()


def test_an_undefined_auc_gives_no_card() -> None:
    card = Card(name="foreign", sha256="a" * 64, input=InputSpec(height=40, width=40))
    with pytest.raises(CardError, match="no input convention"):
        best_convention([InputConvention("0 to 1", card, float("nan"))])


def test_unreadable_pictures_are_named_and_counted(
    tmp_path: Path, labelled: Path, invoke: Any
) -> None:
    path = medium_brightness_model(tmp_path / "foreign.keras", 0.0, 0.3, fake_first=True)
    data = shutil.copytree(labelled, tmp_path / "data")
    (data / "Fake" / "broken.png").write_bytes(b"no picture")
    result = invoke("model", "card", path, "--data", data)
    assert result.exit_code == 0, result.output
    assert "broken.png" in result.stderr
    assert "unreadable pictures: 1" in result.stderr
