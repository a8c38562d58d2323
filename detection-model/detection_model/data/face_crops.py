"""Face crops of several data sets, decoded once at their own resolution."""

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
