"""Measures every picture of a data set, in batches and in parallel."""

import hashlib
import multiprocessing
import os
from collections import Counter
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from detection_model import imaging, measures
from detection_model.card import ClassName, InputSpec
from detection_model.data.folders import DataError, DataFolder, Example, SplitName, sample
from detection_model.data.preprocessing import Progress, bounded_map
from detection_model.headers import Container, read_container
from detection_model.measures import SIDE, Bytes, Floats

_SPEC = InputSpec(height=SIDE, width=SIDE)


class Place(NamedTuple):
    """A file's path in the data set's folder, its split and its label."""

    path: str
    split: SplitName
    label: ClassName


class Light(NamedTuple):
    """Means and standard deviations of the channels and the luma, and the sharpness."""

    red: float
    green: float
    blue: float
    red_deviation: float
    green_deviation: float
    blue_deviation: float
    brightness: float
    contrast: float
    sharpness: float


class Row(NamedTuple):
    """Measurements of one picture; `look` is its perceptual hash, 32 bytes."""

    place: Place
    sha256: str
    pixels_sha256: str
    container: Container
    look: bytes
    light: Light


class Unreadable(NamedTuple):
    """A file that cannot be read, and the reason."""

    place: Place
    reason: str


class ClassSum(NamedTuple):
    """Sums over pictures of a class: float32 (SIDE, SIDE, 3) and (SIDE, SIDE)."""

    pictures: int
    pixels: Floats
    spectra: Floats


class Batch(NamedTuple):
    """Scan result of some files."""

    rows: list[Row]
    unreadable: list[Unreadable]
    sums: dict[ClassName, ClassSum]


class _File(NamedTuple):
    place: Place
    sha256: str
    pixels_sha256: str
    container: Container
    pixels: Bytes


def measure_files(examples: Sequence[tuple[SplitName, Example]], root: Path) -> Batch:
    """Decode and measure files; unreadable ones are listed."""
    results = [_read(split, example, root) for split, example in examples]
    files = [result for result in results if isinstance(result, _File)]
    unreadable = [result for result in results if isinstance(result, Unreadable)]
    if not files:
        return Batch([], unreadable, {})
    pixels = np.stack([file.pixels for file in files])
    grey = measures.to_grey(pixels)
    looks = [look.tobytes() for look in measures.perceptual_hashes(grey)]
    rows = [
        Row(file.place, file.sha256, file.pixels_sha256, file.container, look, light)
        for file, look, light in zip(files, looks, _lights(pixels, grey), strict=True)
    ]
    spectra = measures.log_spectra(grey)
    labels = np.asarray([row.place.label for row in rows])
    sums = {
        label: ClassSum(
            int(np.sum(labels == label)),
            pixels[labels == label].sum(axis=0, dtype=np.float32),
            spectra[labels == label].sum(axis=0),
        )
        for label in {row.place.label for row in rows}
    }
    return Batch(rows, unreadable, sums)


def _read(split: SplitName, example: Example, root: Path) -> _File | Unreadable:
    place = Place(example.path.relative_to(root).as_posix(), split, example.label)
    try:
        data = example.path.read_bytes()
        picture = imaging.decode(data)
    except imaging.ImageError as error:
        return Unreadable(place, error.message)
    except OSError as error:
        return Unreadable(place, error.strerror or "cannot be read")
    # Includes the shape: plain pictures of the same area would have the same bytes.
    shaped = f"{picture.width}x{picture.height}:".encode() + picture.pixels.tobytes()
    return _File(
        place,
        picture.sha256,
        hashlib.sha256(shaped).hexdigest(),
        read_container(data),
        imaging.resize(picture.pixels, _SPEC),
    )


def _lights(pixels: Bytes, grey: Floats) -> list[Light]:
    columns = np.column_stack(
        [
            *measures.channels(pixels),
            measures.brightness(grey),
            measures.contrast(grey),
            measures.sharpness(grey),
        ]
    )
    return [Light(*row) for row in columns.astype(np.float64).round(3).tolist()]


BATCH = 32
# Below this many pictures, starting processes takes longer than the work.
FEW = 200


@dataclass
class ClassMeans:
    """The mean picture and mean log-spectrum of a class, accumulated in float64."""

    pictures: int = 0
    _pixels: NDArray[np.float64] = field(default_factory=lambda: np.zeros((SIDE, SIDE, 3)))
    _spectra: NDArray[np.float64] = field(default_factory=lambda: np.zeros((SIDE, SIDE)))

    @property
    def picture(self) -> Floats:
        """float32 (SIDE, SIDE, 3) in [0, 255]."""
        return (self._pixels / self.pictures).astype(np.float32)

    @property
    def spectrum(self) -> Floats:
        """float32 (SIDE, SIDE), zero frequency centred."""
        return (self._spectra / self.pictures).astype(np.float32)

    def add(self, more: ClassSum) -> None:
        """Add the sums of a batch."""
        self.pictures += more.pictures
        self._pixels += more.pixels
        self._spectra += more.spectra


@dataclass
class Scan:
    """Scan result of a data set: rows by split, class and path, and class means."""

    rows: list[Row] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    means: dict[ClassName, ClassMeans] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[ClassName, ...]:
        """The classes with pictures, Real first."""
        return tuple(label for label in get_args(ClassName) if label in self.means)

    def of(self, label: ClassName) -> list[Row]:
        """The rows of a class."""
        return [row for row in self.rows if row.place.label == label]

    def light(self, label: ClassName) -> Floats:
        """The measures of a class: (n, 9), columns as in `Light`."""
        return np.asarray([row.light for row in self.of(label)], np.float32)

    def measure(self, label: ClassName, name: str) -> Floats:
        """One measure of a class, by its name in `Light`: (n,)."""
        return self.light(label)[:, Light._fields.index(name)]

    def counts(self, label: ClassName, *fields: str) -> dict[str, int]:
        """Picture counts of a class by header fields, most frequent first; values joined by x."""
        rows = [[getattr(row.container, name) for name in fields] for row in self.of(label)]
        counts = Counter(" x ".join(str(value or "none") for value in values) for values in rows)
        return dict(counts.most_common())

    def add(self, batch: Batch) -> None:
        """Add the results of a batch."""
        self.rows += batch.rows
        self.unreadable += batch.unreadable
        for label, more in batch.sums.items():
            self.means.setdefault(label, ClassMeans()).add(more)


def scan(
    data: DataFolder,
    *,
    limit: int | None = None,
    processes: int | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Scan:
    """Measure every picture, or a random sample.

    Args:
        data: the data set.
        limit: approximate size of the sample; classes and splits keep their shares.
        processes: maximum number of processes; default: one per core.
        progress: called with (done, total) after each batch.

    Raises:
        DataError: no picture could be read.
    """
    sample = _selection(data, limit)
    batches = [sample[start : start + BATCH] for start in range(0, len(sample), BATCH)]
    result, done = Scan(), 0
    with closing(_batches(batches, data.root, processes or os.cpu_count() or 1)) as parts:
        for part in parts:
            result.add(part)
            done += len(part.rows) + len(part.unreadable)
            progress(done, len(sample))
    if not result.rows:
        why = (
            f": {result.unreadable[0].place.path}: {result.unreadable[0].reason}" if sample else ""
        )
        raise DataError(f"none of {len(sample)} pictures could be read{why}")
    return result


_Chosen = tuple[SplitName, Example]


def _selection(data: DataFolder, limit: int | None) -> list[_Chosen]:
    cells = [
        (split, [example for example in examples if example.label == label])
        for split, examples in data.splits.items()
        for label in get_args(ClassName)
    ]
    total = sum(len(examples) for _, examples in cells)
    share = 1.0 if limit is None else min(1.0, limit / max(1, total))
    return [
        (split, example)
        for split, examples in cells
        for example in sample(examples, round(share * len(examples)))
    ]


def _batches(
    batches: Sequence[Sequence[_Chosen]], root: Path, processes: int
) -> Generator[Batch, None, None]:
    look = partial(measure_files, root=root)
    if processes == 1 or len(batches) * BATCH <= FEW:
        yield from map(look, batches)
        return
    # Not forked: TensorFlow's threads may hold locks, which would stay locked in the child.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(batches)), context) as pool:
        yield from bounded_map(pool, look, batches)
