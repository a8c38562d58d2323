"""Verdicts are counted by source, with intervals that say how little a few pictures tell."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from detection_model.evaluation.verdicts import (
    SourceVerdicts,
    mean_share,
    pictures_needed,
    share,
)
from detection_model.inference.verdict import VerdictName

Here = Callable[..., Result]


def test_an_interval_holds_the_share_and_is_never_empty() -> None:
    assert share(0, 20).low == 0
    assert share(0, 20).high > 0.1
    value, low, high = share(5, 100)
    assert low < value < high
    # Wilson's, as in any table of it.
    assert (low, high) == pytest.approx((0.0215, 0.1118), abs=1e-3)


def test_sources_weigh_the_same_however_large() -> None:
    of_large: Counter[VerdictName] = Counter({"fake": 10, "real": 990})
    of_small: Counter[VerdictName] = Counter({"fake": 5, "real": 5})
    large = SourceVerdicts("Real", "large", of_large)
    small = SourceVerdicts("Real", "small", of_small)
    found = mean_share([large, small], "fake")
    assert found.value == pytest.approx(0.255)
    assert found.low < found.value < found.high


def test_as_many_are_needed_as_five_points_take() -> None:
    needed = pictures_needed(0.5)
    _value, low, high = share(needed // 2, needed)
    assert (high - low) / 2 == pytest.approx(0.05, abs=0.001)
    assert pictures_needed(0.0) > 50


def test_the_command_counts_each_folder_of_a_data_set(
    bright_data: Path, bright_models: Path, here: Here
) -> None:
    done = here("verdicts", "red", "--data", bright_data, "--models", bright_models)
    assert done.exit_code == 0, done.output
    assert "| Real | all | 60 |" in done.stdout
    assert "| Fake | GanA | 30 |" in done.stdout
    assert "Of 100 real pictures it accuses" in done.stdout
    assert "30 pictures" in done.stdout


def test_a_source_alone_can_be_counted(bright_data: Path, bright_models: Path, here: Here) -> None:
    arguments = ("--data", bright_data, "--models", bright_models, "--source", "GanB")
    done = here("verdicts", "red", *arguments)
    assert done.exit_code == 0, done.output
    assert "GanB" in done.stdout
    assert "GanA" not in done.stdout
    refused = here(
        "verdicts", "red", "--data", bright_data, "--models", bright_models, "--source", "?"
    )
    assert refused.exit_code == 2
    assert "no such pictures" in refused.output
