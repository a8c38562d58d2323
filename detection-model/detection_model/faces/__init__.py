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
    confidence, in [0, 1]. `turns` is the number of quarter turns counter-clockwise that make the
    face upright, 0 to 3; all else refers to the image before such a turn.
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float
    points: NDArray[np.float32]
    turns: int = 0

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


def crop(pixels: NDArray[np.uint8], box: Box, turns: int = 0) -> NDArray[np.uint8]:
    """The crop after quarter turns counter-clockwise; without any, a view of the image."""
    part = pixels[box.top : box.bottom, box.left : box.right]
    return np.ascontiguousarray(np.rot90(part, turns)) if turns else part


def face_or_whole(pixels: NDArray[np.uint8], margin: float | None) -> NDArray[np.uint8]:
    """The crop around the largest face of an upright image, as training and evaluation take it.

    The whole image if there is no face or `margin` is None (a model of whole images).
    """
    faces = [] if margin is None else find_faces(pixels)
    if margin is None or not faces:
        return pixels
    height, width = pixels.shape[:2]
    return crop(pixels, crop_box(faces[0], margin, height=height, width=width))


def _clamp(start: float, length: int, limit: int) -> int:
    return int(min(max(round(start), 0), limit - length))
