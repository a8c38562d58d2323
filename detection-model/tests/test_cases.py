"""Case files: what is read, what becomes of a verdict when it is judged again, and the commands."""

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
    really: str,
    said: dict[str, float] | None = None,
    *,
    kept: bool = True,
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
        for model, fake in (said or {}).items()
    ]
    created = START + timedelta(days=day)
    return CaseFile.model_validate(
        {
            "sha256": sha256,
            "size_bytes": len(data),
            "width": 60,
            "height": 80,
            "format": "PNG",
            "picture": f"{sha256}.png" if kept else None,
            "claims": [{"created": created, "really": really, "note": note, "verdicts": verdicts}],
        }
    )


def write(folder: Path, data: bytes, made: CaseFile) -> CaseFile:
    folder.mkdir(exist_ok=True)
    (folder / f"{made.sha256}.json").write_text(made.model_dump_json())
    if made.picture:
        (folder / made.picture).write_bytes(data)
    return made


def detection_model(*words: str | Path) -> Result:
    from detection_model.cli import app

    return CliRunner().invoke(app, [str(word) for word in words])


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


def replayed(models: Path, folder: Path, *more: str) -> Result:
    return detection_model("evaluate", "bright", "--cases", folder, "--models", models, *more)


def outcomes(result: Result) -> list[str]:
    rows = [line for line in result.output.splitlines() if line.startswith("│")]
    return [row.split("│")[-2].strip() for row in rows]


def test_each_outcome_is_told_and_a_regression_is_the_exit_status(
    models: Path, folder: Path
) -> None:
    said: Sequence[tuple[int, str, dict[str, float]]] = (
        (BLACK, "real", {"bright": 0.9}),
        (WHITE, "fake", {"bright": 0.9}),
        (GREY, "fake", {"bright": 0.2, "other": 0.9}),
        (60, "real", {"other": 0.9}),
    )
    for day, (brightness, really, verdicts) in enumerate(said):
        data = picture(brightness)
        write(folder, data, case(data, really, verdicts, day=day))
    result = replayed(models, folder)
    assert outcomes(result) == ["fixed", "still right", "still wrong", "right"]
    assert "3 of 4 are right now: 1 fixed, 0 regressed, 1 still wrong." in result.output
    assert result.exit_code == 0

    worse = picture(230)
    write(folder, worse, case(worse, "real", {"bright": 0.1}))
    result = replayed(models, folder)
    assert "regressed" in outcomes(result)
    assert result.exit_code == 1


def test_a_threshold_of_ones_own_is_used(models: Path, folder: Path) -> None:
    write(folder, picture(WHITE), case(picture(WHITE), "real", {"bright": 0.9}))
    assert outcomes(replayed(models, folder)) == ["still wrong"]
    assert outcomes(replayed(models, folder, "--threshold", "1")) == ["fixed"]


def test_what_cannot_be_replayed_is_counted(models: Path, folder: Path) -> None:
    write(folder, picture(1), case(picture(1), "real", kept=False))
    write(folder, picture(2), case(picture(2), "unsure"))
    write(folder, picture(3), case(picture(4), "real"))  # another picture than it tells of
    result = replayed(models, folder)
    assert "1 without a picture, 1 whose sender is unsure, 1 unusable" in result.output
    assert "sha256" in result.stderr
    assert result.exit_code == 0


def test_the_newest_claim_counts(folder: Path) -> None:
    made = case(picture(1), "real")
    newer = case(picture(1), "fake", day=3).claims
    write(folder, picture(1), made.model_copy(update={"claims": (*made.claims, *newer)}))
    (found,), bad = read_cases(folder)
    assert (found.label, bad) == ("Fake", [])


def test_a_case_names_no_file_elsewhere(tmp_path: Path) -> None:
    made = json.loads(case(picture(1), "real").model_dump_json())
    path = tmp_path / "case.json"
    for name in ("../secret.png", "/etc/passwd", "a" * 64, "a" * 64 + ".png/../x"):
        path.write_text(json.dumps({**made, "picture": name}))
        with pytest.raises(ValueError, match="picture"):
            read_case(path)


def test_the_list_tells_what_is_claimed_and_steers_no_terminal(folder: Path) -> None:
    note = "my own \x1b[31mphotograph[/red]"
    made = write(folder, picture(1), case(picture(1), "real", {"v4": 0.93}, note=note))
    (folder / "notes.json").write_text("{}")
    result = detection_model("cases", folder)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    for shown in (made.sha256[:12], "v4: fake, 93.0% Fake", "photograph[/red]", "2026-01-01"):
        assert shown in result.stdout
    assert "notes.json" in result.stderr
    listed: Any = json.loads(detection_model("cases", folder, "--json").stdout)
    assert listed["claims"][0]["note"] == "my own  [31mphotograph[/red]"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("cases", "nowhere"), "no such folder"),
        (("evaluate", "bright", "--cases", "nowhere"), "no such folder"),
        (("evaluate", "bright"), "name one of --data, --from-predictions and --cases"),
        (("evaluate", "bright", "--cases", "a", "--data", "b"), "name one of"),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_a_line(words: tuple[str, ...], says: str) -> None:
    result = detection_model(*words)
    assert result.exit_code == 2
    assert says in result.stderr


def test_an_empty_folder_is_no_passed_regression_test(models: Path, tmp_path: Path) -> None:
    result = replayed(models, tmp_path)
    assert (result.exit_code, "no case files" in result.stderr) == (2, True)
