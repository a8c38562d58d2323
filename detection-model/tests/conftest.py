"""Generated data sets and models, and the command line as users run it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image
from typer.testing import CliRunner, Result

# Tests search printed tables; a console reads its width when it is created.
os.environ["COLUMNS"] = "200"

from factories import Cli

from detection_model.card import Card, InputSpec, file_sha256, write_card
from detection_model.cli import app
from detection_model.data.write import write_synthetic

# A stalled machine must not fail a test.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests first, so that no core is idle at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of generated pictures: 32 a class to train on, 8 a class for the rest."""
    folder = tmp_path_factory.mktemp("data") / "Synthetic"
    write_synthetic(folder, per_class=32)
    return folder


def run_cli(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "detection_model", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def cli() -> Cli:
    return run_cli


@pytest.fixture(scope="session")
def bright_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grey squares with independent noise in each channel; the brighter fakes have two generators.

    Log-odds of Fake of a channel's mean m are 0.04 (m - 127.5): normal, 115 and 140, deviation 25.
    """
    folder = tmp_path_factory.mktemp("bright") / "Bright"
    rng = np.random.default_rng(5)
    for split, count in (("Train", 2), ("Validation", 120), ("Test", 60)):
        for label, mean in (("Real", 115), ("Fake", 140)):
            for number in range(count):
                generator = ("GanA", "GanB")[number % 2] if label == "Fake" else ""
                target = folder / split / label / generator
                target.mkdir(parents=True, exist_ok=True)
                levels = np.clip(rng.normal(mean, 25, 3), 0, 255).round()
                pixels = np.full((32, 32, 3), levels, np.uint8)
                Image.fromarray(pixels).save(target / f"{number:03}.png")
    return folder


@pytest.fixture(scope="session")
def bright_models_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models that each read one channel; their log-odds are five times too large."""
    import keras
    from keras import layers

    folder = tmp_path_factory.mktemp("models")
    for channel, name in enumerate(("red", "green", "blue")):
        model = keras.Sequential(
            [
                keras.Input((32, 32, 3)),
                layers.GlobalAveragePooling2D(),
                layers.Dense(1, activation="sigmoid"),
            ]
        )
        slope = 0.2 * np.eye(3, dtype=np.float32)[:, channel : channel + 1]
        model.layers[-1].set_weights([slope, np.asarray([-0.2 * 127.5], np.float32)])
        path = folder / f"{name}.keras"
        model.save(path)
        spec = InputSpec(height=32, width=32)
        card = Card(name=name, sha256=file_sha256(path), input=spec)
        write_card(card, path.with_suffix(".json"))
    return folder


@pytest.fixture
def bright_models(bright_models_once: Path, tmp_path: Path) -> Path:
    """The models in a folder that a test may change."""
    return Path(shutil.copytree(bright_models_once, tmp_path / "models"))


def invoke_cli(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture(scope="session")
def invoke() -> Callable[..., Result]:
    """The command line in this process, which saves the import of TensorFlow."""
    return invoke_cli
