"""Folders of training runs (cases f*)."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from cases.registry import Check, kind
from detection_model.training.logs import Run, RunReader

_BROKEN = {"zero-file": "empty", "garbage": "not_events", "cut": "incomplete"}
_WITHOUT_POINTS = {"zero-file", "garbage"}


def _points(run: Run) -> int:
    return sum(len(series.steps) for series in run.series)


@kind("f01")
def logs(case: Path) -> Iterator[Check]:
    """Every run with points is drawn, bad files are named, and gaps are valid JSON."""
    runs = {run.name: run for run in RunReader(case).all()}
    folders = {path.parent for path in case.rglob("*tfevents*")}
    names = {
        (folder.parent if folder.name in ("train", "validation") else folder)
        .relative_to(case)
        .as_posix()
        for folder in folders
    }
    yield Check("runs that are missing", "none", ", ".join(sorted(names - runs.keys())) or "none")
    for name, run in sorted(runs.items()):
        expected = "nothing drawn" if name in _WITHOUT_POINTS else "drawn"
        yield Check(name, expected, "drawn" if _points(run) else "nothing drawn")
        problems = ", ".join(run.problems.values())
        yield Check(f"{name}: bad files", _BROKEN.get(name, "none"), problems or "none")
        ordered = all(series.steps == sorted(set(series.steps)) for series in run.series)
        yield Check(f"{name}: steps", "ascending", "ascending" if ordered else "not ascending")
        curves = [asdict(series) for series in run.series]
        json.dumps(curves, allow_nan=False)
    yield Check(
        "gaps", "some", "some" if any(None in s.values for s in runs["nan"].series) else "none"
    )
