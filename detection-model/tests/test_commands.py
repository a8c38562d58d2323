"""The command on a machine that has only the service's packages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from detection_model.cli import GROUPS, OLD_NAMES, app, common
from detection_model.data.preprocessing import BadPicture
from detection_model.training.run import Interrupted


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


@pytest.mark.parametrize("command", [[], ["train"], ["train", "v3"], ["eval", "run"]], ids=" ".join)
def test_the_first_commands_replace_no_published_model(command: list[str]) -> None:
    text = help_of(*command)
    assert "mine" in text
    assert "detection-model train v3 --data data/Dataset" not in text.replace(
        "detection-model train v3 --data data/Dataset --name mine", ""
    )
    assert "eval run v3" not in text


@pytest.mark.parametrize(
    "command",
    [
        ["bulk", "photos", "--out"],
        ["image", "forensics", "a.jpg", "--out"],
        ["model", "export", "v3", "--to", "litert", "--out"],
        ["eval", "run", "v3", "--out"],
        ["train", "backbones", "--data", "photos", "--out"],
        ["train", "faults", "--data", "photos", "--out"],
        ["train", "v3", "--logs"],
        ["train", "v3", "--models"],
        ["data", "manipulate", "photos"],
        ["data", "synthetic"],
        ["data", "spectra", "photos", "--out"],
    ],
    ids=" ".join,
)
def test_a_file_where_a_folder_is_written_is_refused(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "results"
    file.write_text("of a person")
    result = CliRunner().invoke(app, [*command, str(file)])
    assert result.exit_code == 2
    assert "is a file" in " ".join(result.output.split())
    assert file.read_text() == "of a person"


def test_brackets_in_messages_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        common.fail("pip install 'detection-model[bulk]'")
    common.warn_bad(BadPicture(Path("a[/red].png"), "not a [bold] picture"))
    common.say("Wrote a[/red].json")
    with common.progress_bar("[/red]"):
        pass
    printed = capsys.readouterr()
    assert "'detection-model[bulk]'" in printed.err
    assert "a[/red].png: not a [bold] picture" in printed.err
    assert printed.out == "Wrote a[/red].json\n"


def test_a_file_that_is_no_picture_is_named_with_its_brackets(
    bright_models: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a[bold].png"
    file.write_bytes(b"no picture")
    command = ["image", "predict", str(file), "--model", "red", "--models", str(bright_models)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    assert "a[bold].png: " in result.stderr


@pytest.mark.parametrize(("epochs", "text"), [(0, "starts again"), (2, "resumes there")])
def test_ctrl_c_says_what_is_saved(
    epochs: int, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit), common.exit_on_interrupt():
        raise Interrupted(tmp_path, epochs)
    assert text in capsys.readouterr().err


@pytest.mark.parametrize("rates", ["1e-3", "1e-2,1e-5", "0,1e-3", "1e-5,1e-4,1e-3"])
def test_the_rates_of_a_sweep_are_two(rates: str, tmp_path: Path) -> None:
    command = ["train", "sweep", "v1", "--data", str(tmp_path), "--rates", rates]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert "lowest and the highest rate" in result.stderr


def test_the_help_lists_the_groups_and_no_old_name() -> None:
    text = help_of()
    assert all(f"│ {group} " in text for group in GROUPS)
    assert not [name for name in OLD_NAMES if f"│ {name} " in text]
