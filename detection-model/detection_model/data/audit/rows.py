"""What is known of single pictures: a row each, measured a batch at a time."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from detection_model import imaging, measures
from detection_model.card import ClassName, InputSpec
from detection_model.data.folders import Example, SplitName
from detection_model.headers import Container, read_container
from detection_model.measures import SIDE, Bytes, Floats

_SPEC = InputSpec(height=SIDE, width=SIDE)


class Place(NamedTuple):
    """A file: where it lies below the data set's folder, and what it is said to be."""

    path: str
    split: SplitName
    label: ClassName


class Light(NamedTuple):
    """Means and standard deviations of the channels and of the luma, and the sharpness."""

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
    """What is known of one picture; `look` is its perceptual hash, 32 bytes."""

    place: Place
    sha256: str
    pixels_sha256: str
    container: Container
    look: bytes
    light: Light


class Unreadable(NamedTuple):
    """A file that cannot be used, and why."""

    place: Place
    reason: str


class ClassSum(NamedTuple):
    """Sums over pictures of a class: float32 (SIDE, SIDE, 3) and (SIDE, SIDE)."""

    pictures: int
    pixels: Floats
    spectra: Floats


class Batch(NamedTuple):
    """What was seen of some files."""

    rows: list[Row]
    unreadable: list[Unreadable]
    sums: dict[ClassName, ClassSum]


class _File(NamedTuple):
    place: Place
    sha256: str
    pixels_sha256: str
    container: Container
    pixels: Bytes


def look_at(examples: Sequence[tuple[SplitName, Example]], root: Path) -> Batch:
    """Decode and measure files; one that cannot be read costs itself only."""
    read = [_read(split, example, root) for split, example in examples]
    files = [one for one in read if isinstance(one, _File)]
    unreadable = [one for one in read if isinstance(one, Unreadable)]
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
    # The shape belongs to it: one colour fills any rectangle of as many pixels alike.
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
