"""Finds training runs below a logs folder and reads every point of their curves.

Reads `logs/<model>/<run>/{train,validation}` with run.json, and other layouts that TensorBoard
shows: `<anything>/train`, `<anything>/validation` and plain event files. Needs tensorboard, not
TensorFlow.
"""

import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from detection_model.training.run import RECORD, RunRecord

PARTS = ("train", "validation")
_EVENTS = "tfevents"
Stamps = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Series:
    """One metric of one part of a run; the three lists have the same length.

    `part` is train, validation or empty; `times` are seconds since 1970; a value that is not
    finite is None.
    """

    part: str
    tag: str
    steps: list[int]
    times: list[float]
    values: list[float | None]


@dataclass(frozen=True)
class Run:
    """A training run: its name below the logs folder, run.json and curves."""

    name: str
    record: RunRecord | None
    started: datetime | None
    updated: datetime
    series: list[Series]


class RunReader:
    """Reads a logs folder repeatedly; unchanged runs are cached."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._known: dict[Path, tuple[Stamps, Run]] = {}

    def all(self) -> list[Run]:
        """Every run, newest first."""
        known = {}
        for folder in run_folders(self._logs):
            stamps = _stamps(folder)
            before = self._known.get(folder)
            if before is not None and before[0] == stamps:
                known[folder] = before
            elif stamps:
                known[folder] = stamps, read_run(folder, self._logs)
        self._known = known
        return sorted((run for _, run in known.values()), key=lambda run: run.updated, reverse=True)


def run_folders(logs: Path) -> Iterator[Path]:
    """Every folder below `logs` with a run, sorted."""
    for where, folders, files in os.walk(logs):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        folder = Path(where)
        parts = [name for name in PARTS if name in folders and _event_files(folder / name)]
        folders[:] = [name for name in folders if name not in parts]
        if parts or any(_EVENTS in name for name in files):
            yield folder


def read_run(folder: Path, logs: Path) -> Run:
    """Read one run completely."""
    parts = {part: folder / part for part in PARTS} | {"": folder}
    series = [
        series_of_part for part, at in parts.items() for series_of_part in _read_series(at, part)
    ]
    record = _record(folder)
    # Event times survive copying; a run that has just started has no events.
    times = [time for s in series for time in (s.times[0], s.times[-1])]
    changed = max((stamp / 1e9 for _, stamp, _ in _stamps(folder)), default=0.0)
    return Run(
        # Event files directly in the logs folder get its name.
        name=folder.relative_to(logs).as_posix() if folder != logs else logs.name,
        record=record,
        started=datetime.fromtimestamp(min(times), UTC) if times else None,
        updated=datetime.fromtimestamp(max(times, default=changed), UTC),
        series=series,
    )


def _read_series(folder: Path, part: str) -> Iterator[Series]:
    if not _event_files(folder):
        return
    # TensorBoard's own switch for reading without TensorFlow.
    sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    # By default it keeps only 10 values a metric.
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    events.Reload()
    for tag in events.Tags()["tensors"]:
        if events.SummaryMetadata(tag).plugin_data.plugin_name != "scalars":
            continue
        # A killed and resumed training may write an epoch twice: the later one counts.
        points = {event.step: event for event in events.Tensors(tag)}
        ordered = [points[step] for step in sorted(points)]
        values = [float(make_ndarray(event.tensor_proto).item()) for event in ordered]
        yield Series(
            part=part,
            tag=tag,
            steps=[event.step for event in ordered],
            times=[event.wall_time for event in ordered],
            values=[value if math.isfinite(value) else None for value in values],
        )


def _record(folder: Path) -> RunRecord | None:
    try:
        return RunRecord.model_validate_json((folder / RECORD).read_bytes())
    except (OSError, ValueError):
        return None  # missing, or written by another program


def _stamps(folder: Path) -> Stamps:
    """Paths, times and sizes of a run's files; empty if the run was deleted."""
    files = [folder / RECORD, *(f for part in ("", *PARTS) for f in _event_files(folder / part))]
    stamps = []
    for file in files:
        try:
            stat = file.stat()
        except OSError:
            continue
        stamps.append((file.as_posix(), stat.st_mtime_ns, stat.st_size))
    return tuple(stamps)


def _event_files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if _EVENTS in path.name)
    except OSError:
        return []
