"""MediaPipe's face mesh on LiteRT: 468 landmarks of a face that was detected.

Kartynnik et al., "Real-time facial surface geometry from monocular video on mobile GPUs", 2019.
"""

from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model.faces import Face

Points = NDArray[np.float32]

LANDMARKS = 468
_WEIGHTS = Path(__file__).parent / "weights" / "face_landmark.tflite"
_SIDE = 192
# Side of the square that the network takes, in sides of the detected box.
_CONTEXT = 1.5
_LOCK = Lock()


def mesh(pixels: NDArray[np.uint8], face: Face) -> Points | None:
    """Landmarks of a face, float32 (468, 2), x and y in pixels; None if the network sees no face.

    Args:
        pixels: uint8 RGB (h, w, 3), in which the face is upright within 45 degrees or so.
        face: of these pixels.
    """
    right, down = face.points[1] - face.points[0]
    angle = np.arctan2(down, right)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    scale = face.side * _CONTEXT / _SIDE
    turn = np.asarray([[cos, -sin], [sin, cos]], np.float32) * np.float32(scale)
    centre = np.asarray([(face.left + face.right) / 2, (face.top + face.bottom) / 2], np.float32)
    start = centre - turn @ np.full(2, _SIDE / 2, np.float32)
    affine = (*turn[0], start[0], *turn[1], start[1])
    square = Image.fromarray(pixels).transform(
        (_SIDE, _SIDE),
        Image.Transform.AFFINE,
        tuple(float(value) for value in affine),
        Image.Resampling.BILINEAR,
    )
    batch = np.asarray(square, np.float32)[None] / np.float32(255)
    with _LOCK:
        interpreter = _interpreter()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], batch)
        interpreter.invoke()
        points, score = (
            interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()
        )
    if score.item() <= 0:  # a log-odds
        return None
    inside = points.reshape(LANDMARKS, 3)[:, :2]
    found: Points = (inside @ turn.T + start).astype(np.float32)
    return found


@cache
def _interpreter() -> Any:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=_WEIGHTS.read_bytes(), num_threads=1)
    interpreter.allocate_tensors()
    return interpreter
