"""Verdicts counted by source, with confidence intervals."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from detection_model.evaluation.scoring import (
    SourceVerdicts,
    mean_share,
    pictures_needed,
    share,
)
from detection_model.inference.verdict import VerdictName

Invoke = Callable[..., Result]


def test_an_interval_holds_the_share_and_is_never_empty() -> None:
    assert share(0, 20).low == 0
    assert share(0, 20).high > 0.1
    value, low, high = share(5, 100)
    assert low < value < high
    # Wilson's interval, from a published table.
    assert (low, high) == pytest.approx((0.0215, 0.1118), abs=1e-3)


def test_sources_have_equal_weight_whatever_their_size() -> None:
    of_large: Counter[VerdictName] = Counter({"fake": 10, "real": 990})
    of_small: Counter[VerdictName] = Counter({"fake": 5, "real": 5})
    large = SourceVerdicts("Real", "large", of_large)
    small = SourceVerdicts("Real", "small", of_small)
    result = mean_share([large, small], "fake")
    assert result.value == pytest.approx(0.255)
    assert result.low < result.value < result.high


def test_the_needed_pictures_narrow_the_interval_to_five_points() -> None:
    needed = pictures_needed(0.5)
    _value, low, high = share(needed // 2, needed)
    assert (high - low) / 2 == pytest.approx(0.05, abs=0.001)
    assert pictures_needed(0.0) > 50


def test_the_command_counts_each_folder_of_a_data_set(
    bright_data: Path, bright_models: Path, invoke: Invoke
) -> None:
    result = invoke("verdicts", "red", "--data", bright_data, "--models", bright_models)
    assert result.exit_code == 0, result.output
    assert "| Real | all | 60 |" in result.stdout
    assert "| Fake | GanA | 30 |" in result.stdout
    assert "Of 100 real pictures it accuses" in result.stdout
    assert "30 pictures" in result.stdout


def test_a_single_source_can_be_counted(
    bright_data: Path, bright_models: Path, invoke: Invoke
) -> None:
    arguments = ("--data", bright_data, "--models", bright_models, "--source", "GanB")
    result = invoke("verdicts", "red", *arguments)
    assert result.exit_code == 0, result.output
    assert "GanB" in result.stdout
    assert "GanA" not in result.stdout
    unknown = invoke(
        "verdicts", "red", "--data", bright_data, "--models", bright_models, "--source", "?"
    )
    assert unknown.exit_code == 2
    assert "no such pictures" in unknown.output


def test_unreadable_pictures_are_named_and_counted(
    bright_data: Path, bright_models: Path, tmp_path: Path, invoke: Invoke
) -> None:
    for label in ("Real", "Fake"):
        shutil.copytree(bright_data / "Test" / "Real", tmp_path / "mine" / label)
    (tmp_path / "mine" / "Fake" / "broken.png").write_bytes(b"no picture")
    result = invoke("verdicts", "red", "--data", tmp_path / "mine", "--models", bright_models)
    assert result.exit_code == 0, result.output
    assert "| Fake | all | 60 |" in result.stdout
    assert "broken.png" in result.stderr
    assert "unreadable pictures: 1" in result.stderr
