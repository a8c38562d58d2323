"""Finds training runs below a logs folder, reads every point of their curves, and draws them.

Reads `logs/<model>/<run>/{train,validation}` with run.json, and other layouts that TensorBoard
shows: `<anything>/train`, `<anything>/validation` and plain event files. Needs tensorboard, not
TensorFlow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from detection_model.training.run import RECORD, RunRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PARTS = ("train", "validation")
_EVENTS = "tfevents"
_LINK_LEVELS = 2
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


class _Point(NamedTuple):
    time: float
    value: float


# An incomplete file may still be written.
FileProblem = Literal["empty", "not_events", "incomplete"]


@dataclass(frozen=True)
class Run:
    """A training run: its name below the logs folder, run.json and curves.

    `problems` are event files that cannot be read to their end, by their path in the run's folder.
    """

    name: str
    record: RunRecord | None
    started: datetime | None
    updated: datetime
    series: list[Series]
    problems: dict[str, FileProblem]


class RunReader:
    """Reads a logs folder repeatedly; unchanged runs are cached."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._known: dict[Path, tuple[Stamps, Run]] = {}

    def all(self) -> list[Run]:
        """Every run, newest first."""
        cache = {}
        for folder in run_folders(self._logs):
            stamps = _stamps(folder)
            before = self._known.get(folder)
            if before is not None and before[0] == stamps:
                cache[folder] = before
            elif stamps:
                cache[folder] = stamps, read_run(folder, self._logs)
        self._known = cache
        return sorted((run for _, run in cache.values()), key=lambda run: run.updated, reverse=True)


def run_folders(logs: Path) -> Iterator[Path]:
    """Every folder below `logs` with a run, sorted.

    A link to a folder is followed for two levels, wherever it leads, but not if that folder
    contains the link. A link behind a link is not followed.
    """
    return _runs_in(logs, None)


def _runs_in(folder: Path, levels: int | None) -> Iterator[Path]:
    """Runs in a folder; `levels` is the rest of the levels behind a link, None before one."""
    try:
        children = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return
    parts = [path for path in children if path.name in PARTS and _event_files(path)]
    if parts or _event_files(folder):
        yield folder
    for child in children:
        if child in parts or not child.is_dir():
            continue
        if child.is_symlink():
            if levels is None and not folder.resolve().is_relative_to(child.resolve()):
                yield from _runs_in(child, _LINK_LEVELS)
        elif levels is None:
            yield from _runs_in(child, None)
        elif levels > 0:
            yield from _runs_in(child, levels - 1)


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
        problems={
            file.relative_to(folder).as_posix(): problem
            for at in parts.values()
            for file in _event_files(at)
            if (problem := _problem(file))
        },
    )


def _problem(file: Path) -> FileProblem | None:
    """A problem with the records of an event file, found without reading their contents.

    A record of TensorFlow's TFRecord format is its length (8 bytes), a checksum (4), that many
    bytes, and a checksum (4).
    """
    try:
        with file.open("rb") as records:
            size = records.seek(0, 2)
            at = 0
            while at < size:
                records.seek(at)
                end = at + 16 + int.from_bytes(records.read(8), "little")
                if end > size:
                    return "incomplete" if at else "not_events"
                at = end
    except OSError:
        return None  # deleted meanwhile
    return None if size else "empty"


def _read_series(folder: Path, part: str) -> list[Series]:
    """The curves of one part, by tag; event files follow each other in the order of their names."""
    points: dict[str, dict[int, _Point]] = {}
    # One by one, because TensorBoard would open pipes and devices in the folder too.
    for file in _event_files(folder):
        for tag, step, point in _read_points(file):
            # A killed and resumed training may write an epoch twice: the later one counts.
            points.setdefault(tag, {})[step] = point
    return [_series(part, tag, points[tag]) for tag in points]


def _series(part: str, tag: str, points: dict[int, _Point]) -> Series:
    steps = sorted(points)
    values = [points[step].value for step in steps]
    return Series(
        part=part,
        tag=tag,
        steps=steps,
        times=[points[step].time for step in steps],
        values=[value if math.isfinite(value) else None for value in values],
    )


def _read_points(file: Path) -> Iterator[tuple[str, int, _Point]]:
    """Tag, step and point of every scalar in an event file."""
    from tensorboard.util.tensor_util import make_ndarray

    plugins: dict[str, str] = {}
    for event in _events(file):
        for value in event.summary.value:
            # Only the first value of a tag names its plugin.
            plugin = plugins.setdefault(value.tag, value.metadata.plugin_data.plugin_name)
            if plugin == "scalars":
                number = float(make_ndarray(value.tensor).item())
                yield value.tag, event.step, _Point(event.wall_time, number)


def _events(file: Path) -> Iterator[Any]:
    """The events of a file, up to its end or its first damaged record.

    Values that TensorFlow 1, PyTorch and others write (`simple_value`) are converted to tensors.
    TensorBoard's `EventAccumulator` reads event files too, but imports TensorFlow, unless the
    whole process is switched to TensorBoard's stub of it, with which TensorFlow cannot write
    summaries.
    """
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.tensorflow_stub.errors import OpError
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New
    from tensorboard.data_compat import migrate_event

    try:
        reader = PyRecordReader_New(str(file))
        while True:
            reader.GetNext()  # raises an OpError at the end too
            yield migrate_event(Event.FromString(reader.record()))
    except (OpError, DecodeError):
        return


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
        return sorted(p for p in folder.iterdir() if _EVENTS in p.name and p.is_file())
    except OSError:
        return []


def runs_figure(runs: Mapping[str, Run]) -> Figure:
    """Loss and accuracy of named runs: validation solid, training dotted."""
    from detection_model.figures import colour, new_figure

    figure, axes = new_figure(2, width=4.6)
    for plot, metric in zip(axes, ("loss", "accuracy"), strict=True):
        for position, (name, run) in enumerate(runs.items()):
            for part, style in (("validation", "-"), ("train", ":")):
                for series in run.series:
                    if (series.part, series.tag) != (part, f"epoch_{metric}"):
                        continue
                    # Keras counts epochs from 0. None means a loss that is not finite: a gap.
                    plot.plot(
                        [step + 1 for step in series.steps],
                        [float("nan") if value is None else value for value in series.values],
                        style,
                        color=colour(position),
                        # Runs with the same seed coincide at first: keep the lower one visible.
                        linewidth=1.2 + 1.1 * (len(runs) - 1 - position),
                        label=f"{name}, {part}",
                    )
        plot.set(xlabel="epoch", ylabel=metric)
        plot.grid(alpha=0.3)
        plot.locator_params(axis="x", integer=True)
    lines, labels = axes[0].get_legend_handles_labels()
    figure.legend(lines, labels, loc="outside right upper", fontsize=8)
    return figure
