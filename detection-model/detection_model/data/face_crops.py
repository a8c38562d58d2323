"""The faces of several data sets, decoded once at the resolution that they have."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model import imaging
from detection_model.data.decoding import BadPicture, Progress, bounded_map, fingerprint
from detection_model.data.folders import DataError, Example
from detection_model.faces import Face, crop, crop_box, find_faces

# More is kept of no picture: wider than any cut-out, and no finer than a model sees.
_WIDEST = 0.5
_LONGEST = 512
# Where BlazeFace puts the six points of a face that fills three fifths of a picture.
_USUAL = ((0.38, 0.42), (0.62, 0.42), (0.5, 0.56), (0.5, 0.68), (0.24, 0.47), (0.76, 0.47))


@dataclass(frozen=True)
class FaceCrop:
    """One face of a source: uint8 RGB (h, w, 3) around it, and where it is in there."""

    pixels: NDArray[np.uint8]
    face: Face
    example: Example
    source: str
    sha256: str


@dataclass(frozen=True)
class FaceCrops:
    """All that can be drawn from, and the files that were left out."""

    all: list[FaceCrop]
    bad: list[BadPicture]

    @property
    def fingerprint(self) -> str:
        """Name of the training data for the card."""
        return fingerprint((one.example, one.sha256) for one in self.all)


def load_face_crops(
    examples: Sequence[tuple[str, Example]], progress: Progress = lambda _done, _total: None
) -> FaceCrops:
    """Decode the pictures of (source, example), in parallel, and find the largest face of each.

    A picture in which no face is found counts as one face in its middle.

    Raises:
        DataError: not one picture could be read.
    """

    def read(item: tuple[str, Example]) -> FaceCrop | BadPicture:
        source, example = item
        try:
            picture = imaging.decode(example.path.read_bytes())
        except imaging.ImageError as error:
            return BadPicture(example.path, error.message)
        except OSError as error:
            return BadPicture(example.path, error.strerror or "cannot be read")
        found = find_faces(picture.pixels)
        face = found[0] if found else _usual(*picture.pixels.shape[:2])
        return _face_crop(picture, face, example, source)

    kept: list[FaceCrop] = []
    bad: list[BadPicture] = []
    with ThreadPoolExecutor() as pool:
        for done, found in enumerate(bounded_map(pool, read, examples), start=1):
            if isinstance(found, BadPicture):
                bad.append(found)
            else:
                kept.append(found)
            progress(done, len(examples))
    if not kept:
        raise DataError("none of the pictures could be read")
    return FaceCrops(kept, bad)


def _face_crop(picture: imaging.Picture, face: Face, example: Example, source: str) -> FaceCrop:
    box = crop_box(face, _WIDEST, height=picture.height, width=picture.width)
    cut = crop(picture.pixels, box)
    scale = min(1.0, _LONGEST / len(cut))
    if scale < 1:
        size = (round(len(cut) * scale),) * 2
        cut = np.asarray(Image.fromarray(cut).resize(size, Image.Resampling.BICUBIC))
    moved = Face(
        left=(face.left - box.left) * scale,
        top=(face.top - box.top) * scale,
        right=(face.right - box.left) * scale,
        bottom=(face.bottom - box.top) * scale,
        score=face.score,
        points=((face.points - (box.left, box.top)) * scale).astype(np.float32),
    )
    # A copy: a view would keep the whole picture in memory.
    return FaceCrop(np.array(cut), moved, example, source, picture.sha256)


def _usual(height: int, width: int) -> Face:
    side = min(height, width)
    corner = np.asarray([(width - side) / 2, (height - side) / 2], np.float32)
    points = np.asarray(_USUAL, np.float32) * side + corner
    low, high = corner + 0.2 * side, corner + 0.8 * side
    return Face(float(low[0]), float(low[1]), float(high[0]), float(high[1]), 0.0, points)
