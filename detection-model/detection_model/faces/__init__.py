"""Faces in a picture, and the square cut-outs that a model trained on faces judges."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Box(NamedTuple):
    """A rectangle in pixels of the upright picture; `right` and `bottom` are outside it."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Face:
    """A face that was found.

    `left`, `top`, `right`, `bottom` are those of its box in pixels, from the brows to the chin, and
    may lie a little outside the picture. `points` is float32 (6, 2), x and y in pixels: the eye on
    the picture's left, that on its right, nose, mouth, and the two ears likewise. `score` is the
    detector's, in [0, 1].
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
    """All faces of an upright picture, uint8 RGB (h, w, 3), the largest first.

    BlazeFace (Bazarevsky et al., "BlazeFace: Sub-millisecond neural face detection on mobile GPUs",
    2019), for faces near and far. Needs LiteRT, not TensorFlow. Calls may run side by side.
    """
    from detection_model.faces.blazeface import detect

    return sorted(detect(pixels, min_score), key=lambda face: -face.side)


def crop_box(face: Face, margin: float, *, height: int, width: int) -> Box:
    """The square round a face that is cut out for a model, inside a picture of that size.

    Args:
        face: in pixels of the picture.
        margin: on each side, in face widths: `InputSpec.face_margin`.
        height: of the picture.
        width: of the picture.

    A square that does not fit is moved inwards, and made smaller where the picture is: nothing is
    made up round the picture's edge.
    """
    side = min(round(face.side * (1 + 2 * margin)), height, width)
    side = max(side, 1)
    left = _inside((face.left + face.right - side) / 2, side, width)
    top = _inside((face.top + face.bottom - side) / 2, side, height)
    return Box(left, top, left + side, top + side)


def crop(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """The cut-out, a view of the picture."""
    return pixels[box.top : box.bottom, box.left : box.right]


def judged_box(pixels: NDArray[np.uint8], margin: float | None) -> Box | None:
    """What of an upright picture a model judges: the square round the largest face.

    None where all of it is judged: there is no face, or the model was made for whole pictures,
    which the `margin` of its card says by being none.
    """
    found = [] if margin is None else find_faces(pixels)
    if margin is None or not found:
        return None
    height, width = pixels.shape[:2]
    return crop_box(found[0], margin, height=height, width=width)


def face_or_whole(pixels: NDArray[np.uint8], margin: float | None) -> NDArray[np.uint8]:
    """The part of a picture that a model judges, cut out: see `judged_box`."""
    box = judged_box(pixels, margin)
    return pixels if box is None else crop(pixels, box)


def _inside(start: float, length: int, limit: int) -> int:
    return int(min(max(round(start), 0), limit - length))
