"""Generated pictures and a command line that runs as its users run it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from detection_model.data.synthetic import write_synthetic

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


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
