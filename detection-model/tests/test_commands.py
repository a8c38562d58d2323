"""The command on a machine that has only the service's packages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from detection_model.cli import GROUPS, OLD_NAMES, app


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_a_missing_package_is_one_sentence_with_the_command_that_installs_it(
    missing: str, tmp_path: Path
) -> None:
    (tmp_path / f"{missing}.py").write_text(
        f"raise ModuleNotFoundError('No module named {missing}', name='{missing}')"
    )
    result = subprocess.run(
        [sys.executable, "-m", "detection_model", "--help"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        check=False,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert f"package {missing}" in result.stderr
    assert "make train" in result.stderr


@pytest.mark.slow
def test_the_installed_command_is_the_same_as_the_module() -> None:
    command = Path(sys.executable).with_name("detection-model")
    installed = subprocess.run([command, "--help"], capture_output=True, text=True, check=True)
    module = [sys.executable, "-m", "detection_model", "--help"]
    assert "eval" in installed.stdout
    assert "eval" in subprocess.run(module, capture_output=True, text=True, check=True).stdout


def help_of(*command: str) -> str:
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


GROUPED = [(group, name) for group, (_, commands) in GROUPS.items() for name in commands]


@pytest.mark.parametrize("command", GROUPED, ids=" ".join)
def test_each_command_of_a_group_explains_itself(command: tuple[str, str]) -> None:
    assert f"Usage: detection-model {' '.join(command)}" in help_of(*command)


def test_train_takes_a_recipe_or_the_name_of_a_study() -> None:
    assert "Usage: detection-model train [OPTIONS] {version}" in help_of("train")
    assert "--early-stopping" in help_of("train", "v3")
    assert "--trials" in help_of("train", "sweep")


@pytest.mark.parametrize("name", OLD_NAMES)
def test_each_name_from_before_the_groups_has_the_same_help(name: str) -> None:
    new = next(
        (group, command)
        for group, (_, commands) in GROUPS.items()
        for command, function in commands.items()
        if function is OLD_NAMES[name]
    )
    assert help_of(name).replace(f"detection-model {name} ", "") == help_of(*new).replace(
        f"detection-model {' '.join(new)} ", "", 1
    )


def test_the_help_lists_the_groups_and_no_old_name() -> None:
    text = help_of()
    assert all(f"│ {group} " in text for group in GROUPS)
    assert not [name for name in OLD_NAMES if f"│ {name} " in text]
