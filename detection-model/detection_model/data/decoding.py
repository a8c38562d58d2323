"""Decodes a list of examples into one array, with the service's own preprocessing."""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detection_model import imaging
from detection_model.card import InputSpec
from detection_model.data.folders import DataError, Example

# Larger arrays are memory-mapped temporary files.
MEMORY_BYTES = 4 * 1024**3
_AHEAD = 64

Progress = Callable[[int, int], None]
# Uint8 RGB (height, width, 3) and the file's hash to uint8 RGB of any size.
Change = Callable[[NDArray[np.uint8], str], NDArray[np.uint8]]
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class BadPicture:
    """A skipped file and the reason."""

    path: Path
    reason: str


@dataclass
class Pictures:
    """Decoded examples: `pixels[i]` and `hashes[i]` belong to `examples[i]`.

    `pixels` is uint8 RGB of shape (n, height, width, 3), resized as the card says but not yet
    scaled (`imaging.scale`); `targets` is float32 (n,), 1 for Fake; `hashes` are SHA-256 of files.
    """

    examples: list[Example]
    pixels: NDArray[np.uint8]
    hashes: list[str]
    bad: list[BadPicture]
    _folder: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    @property
    def targets(self) -> NDArray[np.float32]:
        """1 for Fake, 0 for Real, float32 (n,)."""
        return np.asarray([example.target for example in self.examples], np.float32)

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the data for the card."""
        return fingerprint(zip(self.examples, self.hashes, strict=True))


def fingerprint(pictures: Iterable[tuple[Example, str]]) -> str:
    """SHA-256 over the classes and hashes of pictures; independent of names and order."""
    lines = sorted(f"{example.label}:{sha256}" for example, sha256 in pictures)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def load_pictures(
    examples: Sequence[Example],
    spec: InputSpec,
    *,
    limits: imaging.Limits | None = None,
    change: Change = lambda pixels, _sha256: pixels,
    progress: Progress = lambda _done, _total: None,
) -> Pictures:
    """Decode and resize every example in parallel; unreadable files are skipped.

    Args:
        examples: the files to read.
        spec: height, width, resize and filter are used.
        limits: for each picture.
        change: applied to each decoded picture before resizing.
        progress: called with (done, total) after each file.

    Raises:
        DataError: no picture could be read.
    """
    accepted = limits or imaging.Limits()

    def read(example: Example) -> tuple[NDArray[np.uint8], str] | BadPicture:
        try:
            picture = imaging.decode(example.path.read_bytes(), accepted)
        except imaging.ImageError as error:
            return BadPicture(example.path, error.message)
        except OSError as error:
            return BadPicture(example.path, error.strerror or "cannot be read")
        return imaging.resize(change(picture.pixels, picture.sha256), spec), picture.sha256

    pixels, folder = _allocate((len(examples), spec.height, spec.width, 3))
    good: list[Example] = []
    bad: list[BadPicture] = []
    hashes: list[str] = []
    with ThreadPoolExecutor() as pool:
        results = bounded_map(pool, read, examples)
        for done, (example, result) in enumerate(zip(examples, results, strict=True), start=1):
            if isinstance(result, BadPicture):
                bad.append(result)
            else:
                pixels[len(good)] = result[0]
                hashes.append(result[1])
                good.append(example)
            progress(done, len(examples))
    if not good:
        reason = f": {bad[0].path.name}: {bad[0].reason}" if bad else ""
        raise DataError(f"none of {len(examples)} pictures could be read{reason}")
    return Pictures(good, pixels[: len(good)], hashes, bad, folder)


def _allocate(
    shape: tuple[int, ...],
) -> tuple[NDArray[np.uint8], tempfile.TemporaryDirectory[str] | None]:
    if int(np.prod(shape)) <= MEMORY_BYTES:
        return np.empty(shape, np.uint8), None
    folder = tempfile.TemporaryDirectory(prefix="detection-model-")
    return np.memmap(Path(folder.name, "pixels"), np.uint8, "w+", shape=shape), folder


def bounded_map(pool: Executor, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Like pool.map, but with a bounded number of results waiting in memory."""
    rest = iter(items)
    pending = [pool.submit(work, item) for item in islice(rest, _AHEAD)]
    while pending:
        yield pending.pop(0).result()
        pending += [pool.submit(work, item) for item in islice(rest, 1)]
