"""Case files: reading them, replaying their pictures with a model, and the commands."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from factories import file_bytes
from PIL import Image
from typer.testing import CliRunner, Result

from detection_model.evaluation.cases import CaseFile, read_case, read_cases

START = datetime(2026, 1, 1, tzinfo=UTC)
BLACK, GREY, WHITE = 0, 120, 255


def picture(brightness: int) -> bytes:
    return file_bytes(Image.new("RGB", (60, 80), (brightness,) * 3), "PNG")


def case(
    data: bytes,
    label: str,
    probabilities: dict[str, float] | None = None,
    *,
    has_picture: bool = True,
    note: str = "",
    day: int = 0,
) -> CaseFile:
    sha256 = hashlib.sha256(data).hexdigest()
    verdicts = [
        {
            "model": model,
            "model_sha256": "a" * 64,
            "prediction": "Fake" if fake >= 0.5 else "Real",
            "verdict": "fake" if fake >= 0.5 else "real",
            "fake": fake,
            "logit": 0,
            "calibrated": True,
            "threshold": 0.5,
            "threshold_source": "card",
            "judged": "whole",
        }
        for model, fake in (probabilities or {}).items()
    ]
    created = START + timedelta(days=day)
    return CaseFile.model_validate(
        {
            "sha256": sha256,
            "size_bytes": len(data),
            "width": 60,
            "height": 80,
            "format": "PNG",
            "picture": f"{sha256}.png" if has_picture else None,
            "claims": [{"created": created, "really": label, "note": note, "verdicts": verdicts}],
        }
    )


def write(folder: Path, data: bytes, case_file: CaseFile) -> CaseFile:
    folder.mkdir(exist_ok=True)
    (folder / f"{case_file.sha256}.json").write_text(case_file.model_dump_json())
    if case_file.picture:
        (folder / case_file.picture).write_bytes(data)
    return case_file


def run_command(*arguments: str | Path) -> Result:
    from detection_model.cli import app

    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bright`: a bright picture is Fake."""
    import keras
    import numpy as np
    from keras import layers

    folder = tmp_path_factory.mktemp("models")
    dense = layers.Dense(1, activation="sigmoid")
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Rescaling(1 / 255),
            layers.GlobalAveragePooling2D(),
            dense,
        ]
    )
    dense.set_weights([np.full((3, 1), 4, np.float32), np.asarray([-6], np.float32)])
    model.save(folder / "bright.keras")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cases"


def replay(models: Path, folder: Path, *more: str) -> Result:
    return run_command("evaluate", "bright", "--cases", folder, "--models", models, *more)


def outcomes(result: Result) -> list[str]:
    rows = [line for line in result.output.splitlines() if line.startswith("│")]
    return [row.split("│")[-2].strip() for row in rows]


def test_each_outcome_is_listed_and_a_regression_sets_the_exit_status(
    models: Path, folder: Path
) -> None:
    cases: Sequence[tuple[int, str, dict[str, float]]] = (
        (BLACK, "real", {"bright": 0.9}),
        (WHITE, "fake", {"bright": 0.9}),
        (GREY, "fake", {"bright": 0.2, "other": 0.9}),
        (60, "real", {"other": 0.9}),
    )
    for day, (brightness, label, verdicts) in enumerate(cases):
        data = picture(brightness)
        write(folder, data, case(data, label, verdicts, day=day))
    result = replay(models, folder)
    assert outcomes(result) == ["fixed", "still right", "still wrong", "right"]
    assert "3 of 4 are right now: 1 fixed, 0 regressed, 1 still wrong." in result.output
    assert result.exit_code == 0

    worse = picture(230)
    write(folder, worse, case(worse, "real", {"bright": 0.1}))
    result = replay(models, folder)
    assert "regressed" in outcomes(result)
    assert result.exit_code == 1


def test_the_given_threshold_is_used(models: Path, folder: Path) -> None:
    write(folder, picture(WHITE), case(picture(WHITE), "real", {"bright": 0.9}))
    assert outcomes(replay(models, folder)) == ["still wrong"]
    assert outcomes(replay(models, folder, "--threshold", "1")) == ["fixed"]


def test_cases_that_cannot_be_replayed_are_counted(models: Path, folder: Path) -> None:
    write(folder, picture(1), case(picture(1), "real", has_picture=False))
    write(folder, picture(2), case(picture(2), "unsure"))
    write(folder, picture(3), case(picture(4), "real"))  # the picture has another hash
    result = replay(models, folder)
    assert "1 without a picture, 1 whose sender is unsure, 1 unusable" in result.output
    assert "sha256" in result.stderr
    assert result.exit_code == 0


def test_the_newest_claim_counts(folder: Path) -> None:
    older = case(picture(1), "real")
    newer = case(picture(1), "fake", day=3).claims
    write(folder, picture(1), older.model_copy(update={"claims": (*older.claims, *newer)}))
    (newest,), bad = read_cases(folder)
    assert (newest.label, bad) == ("Fake", [])


def test_a_case_cannot_name_a_file_in_another_folder(tmp_path: Path) -> None:
    content = json.loads(case(picture(1), "real").model_dump_json())
    path = tmp_path / "case.json"
    for name in ("../secret.png", "/etc/passwd", "a" * 64, "a" * 64 + ".png/../x"):
        path.write_text(json.dumps({**content, "picture": name}))
        with pytest.raises(ValueError, match="picture"):
            read_case(path)


def test_the_list_shows_the_claims_without_control_characters(folder: Path) -> None:
    note = "my own \x1b[31mphotograph[/red]"
    case_file = write(folder, picture(1), case(picture(1), "real", {"v4": 0.93}, note=note))
    (folder / "notes.json").write_text("{}")
    result = run_command("cases", folder)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    for text in (case_file.sha256[:12], "v4: fake, 93.0% Fake", "photograph[/red]", "2026-01-01"):
        assert text in result.stdout
    assert "notes.json" in result.stderr
    cases: Any = json.loads(run_command("cases", folder, "--json").stdout)
    assert cases["claims"][0]["note"] == "my own  [31mphotograph[/red]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cases", "nowhere"), "no such folder"),
        (("evaluate", "bright", "--cases", "nowhere"), "no such folder"),
        (("evaluate", "bright"), "name one of --data, --from-predictions and --cases"),
        (("evaluate", "bright", "--cases", "a", "--data", "b"), "name one of"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(arguments: tuple[str, ...], message: str) -> None:
    result = run_command(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_an_empty_folder_does_not_pass(models: Path, tmp_path: Path) -> None:
    result = replay(models, tmp_path)
    assert (result.exit_code, "no case files" in result.stderr) == (2, True)
