"""Decodes the pictures of a data set once, with the service's own preprocessing.

Either to one array at the size of a model's input, or to face crops at their own resolution.
"""

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
from PIL import Image

from detection_model import imaging
from detection_model.card import InputSpec
from detection_model.data.folders import DataError, Example
from detection_model.faces import Face, crop, crop_box, find_faces

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


OnBad = Callable[[BadPicture], None]


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


# Crops keep a margin larger than any training crop's, and at most this resolution.
_WIDEST = 0.5
_LONGEST = 512
# BlazeFace's six points for a face that fills three fifths of a picture.
_TYPICAL_POINTS = ((0.38, 0.42), (0.62, 0.42), (0.5, 0.56), (0.5, 0.68), (0.24, 0.47), (0.76, 0.47))


@dataclass(frozen=True)
class FaceCrop:
    """One face: uint8 RGB (h, w, 3) around it, and its position in these pixels."""

    pixels: NDArray[np.uint8]
    face: Face
    example: Example
    source: str
    sha256: str


@dataclass(frozen=True)
class FaceCrops:
    """Face crops and the files that could not be read."""

    crops: list[FaceCrop]
    bad: list[BadPicture]

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the data for the card."""
        return fingerprint((crop.example, crop.sha256) for crop in self.crops)


def load_face_crops(
    examples: Sequence[tuple[str, Example]], progress: Progress = lambda _done, _total: None
) -> FaceCrops:
    """Decode pictures given as (source, example) in parallel, and crop the largest face of each.

    Without a detected face, one of typical size in the centre is assumed (score 0).

    Raises:
        DataError: no picture could be read.
    """

    def read(item: tuple[str, Example]) -> FaceCrop | BadPicture:
        source, example = item
        try:
            picture = imaging.decode(example.path.read_bytes())
        except imaging.ImageError as error:
            return BadPicture(example.path, error.message)
        except OSError as error:
            return BadPicture(example.path, error.strerror or "cannot be read")
        faces = find_faces(picture.pixels)
        face = faces[0] if faces else _typical_face(*picture.pixels.shape[:2])
        return _face_crop(picture, face, example, source)

    crops: list[FaceCrop] = []
    bad: list[BadPicture] = []
    with ThreadPoolExecutor() as pool:
        for done, result in enumerate(bounded_map(pool, read, examples), start=1):
            if isinstance(result, BadPicture):
                bad.append(result)
            else:
                crops.append(result)
            progress(done, len(examples))
    if not crops:
        raise DataError("none of the pictures could be read")
    return FaceCrops(crops, bad)


def _face_crop(picture: imaging.Picture, face: Face, example: Example, source: str) -> FaceCrop:
    box = crop_box(face, _WIDEST, height=picture.height, width=picture.width)
    pixels = crop(picture.pixels, box)
    scale = min(1.0, _LONGEST / len(pixels))
    if scale < 1:
        size = (round(len(pixels) * scale),) * 2
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    moved = Face(
        left=(face.left - box.left) * scale,
        top=(face.top - box.top) * scale,
        right=(face.right - box.left) * scale,
        bottom=(face.bottom - box.top) * scale,
        score=face.score,
        points=((face.points - (box.left, box.top)) * scale).astype(np.float32),
    )
    # A copy: a view would keep the whole picture in memory.
    return FaceCrop(np.array(pixels), moved, example, source, picture.sha256)


def _typical_face(height: int, width: int) -> Face:
    side = min(height, width)
    corner = np.asarray([(width - side) / 2, (height - side) / 2], np.float32)
    points = np.asarray(_TYPICAL_POINTS, np.float32) * side + corner
    low, high = corner + 0.2 * side, corner + 0.8 * side
    return Face(float(low[0]), float(low[1]), float(high[0]), float(high[1]), 0.0, points)
