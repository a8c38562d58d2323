"""Face detection, and the square crops that face models take."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Box(NamedTuple):
    """A rectangle in pixels of the upright image; `right` and `bottom` are exclusive."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Face:
    """A detected face.

    `left`, `top`, `right`, `bottom` are its box in pixels, from the eyebrows to the chin; it may
    extend a little beyond the image. `points` is float32 (6, 2), x and y in pixels: the left and
    right eye (as seen in the image), nose, mouth, left and right ear. `score` is the detector's
    confidence, in [0, 1].
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float
    points: NDArray[np.float32]

    @property
    def side(self) -> float:
        """Pixels of the longer side of the box."""
        return max(self.right - self.left, self.bottom - self.top)


def find_faces(pixels: NDArray[np.uint8], min_score: float = 0.6) -> list[Face]:
    """All faces of an upright image, uint8 RGB (h, w, 3), the largest first.

    BlazeFace (Bazarevsky et al., "BlazeFace: Sub-millisecond neural face detection on mobile GPUs",
    2019), with its short-range and full-range models. Needs LiteRT, not TensorFlow. Thread-safe.
    """
    from detection_model.faces.blazeface import detect

    return sorted(detect(pixels, min_score), key=lambda face: -face.side)


def crop_box(face: Face, margin: float, *, height: int, width: int) -> Box:
    """The square crop around a face, inside the image.

    A square that does not fit is shifted inwards, and shrunk to the image if necessary; nothing
    is padded.

    Args:
        face: in pixels of the image.
        margin: on each side, in face widths: `InputSpec.face_margin`.
        height: of the image, in pixels.
        width: of the image, in pixels.
    """
    side = min(round(face.side * (1 + 2 * margin)), height, width)
    side = max(side, 1)
    left = _clamp((face.left + face.right - side) / 2, side, width)
    top = _clamp((face.top + face.bottom - side) / 2, side, height)
    return Box(left, top, left + side, top + side)


def crop(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """The crop, a view of the image."""
    return pixels[box.top : box.bottom, box.left : box.right]


def model_box(pixels: NDArray[np.uint8], margin: float | None) -> Box | None:
    """The crop around the largest face of an upright image.

    None, for the whole image, if there is no face or `margin` is None (a model of whole images).
    """
    faces = [] if margin is None else find_faces(pixels)
    if margin is None or not faces:
        return None
    height, width = pixels.shape[:2]
    return crop_box(faces[0], margin, height=height, width=width)


def face_or_whole(pixels: NDArray[np.uint8], margin: float | None) -> NDArray[np.uint8]:
    """The crop around the largest face, or the whole image: see `model_box`."""
    box = model_box(pixels, margin)
    return pixels if box is None else crop(pixels, box)


def _clamp(start: float, length: int, limit: int) -> int:
    return int(min(max(round(start), 0), limit - length))
