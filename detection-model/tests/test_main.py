"""The command on a machine that has only the service's packages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_a_missing_package_is_one_sentence_with_the_command_that_installs_it(
    missing: str, tmp_path: Path
) -> None:
    (tmp_path / f"{missing}.py").write_text(
        f"raise ModuleNotFoundError('No module named {missing}', name='{missing}')"
    )
    done = subprocess.run(
        [sys.executable, "-m", "detection_model", "--help"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert f"package {missing}" in done.stderr
    assert "make train" in done.stderr


def test_the_installed_command_is_the_same_as_the_module() -> None:
    command = Path(sys.executable).with_name("detection-model")
    installed = subprocess.run([command, "--help"], capture_output=True, text=True, check=True)
    module = [sys.executable, "-m", "detection_model", "--help"]
    assert "predict" in installed.stdout
    assert "predict" in subprocess.run(module, capture_output=True, text=True, check=True).stdout
