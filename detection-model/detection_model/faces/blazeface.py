"""MediaPipe's BlazeFace on LiteRT: boxes and six landmarks per face.

Decoding follows MediaPipe's graph `face_detection` (Apache 2.0): anchors on a grid, boxes and
landmarks as offsets from them, and score-weighted averages of detections of the same face.
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model.faces import Face

_WEIGHTS = Path(__file__).parent / "weights"
# Intersection over union above which two boxes show the same face.
_OVERLAP = 0.3
_SCORE_LIMIT = 80


@dataclass
class _Network:
    """One BlazeFace model; `grids` are (cells per side, anchors per cell)."""

    file: str
    side: int
    grids: tuple[tuple[int, int], ...]
    idle: list[Any] = field(default_factory=list)

    def __call__(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Boxes (anchors, 16) and scores (anchors,); concurrent calls use separate interpreters."""
        try:
            interpreter = self.idle.pop()
        except IndexError:
            interpreter = _interpreter(_WEIGHTS / self.file)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], batch)
        interpreter.invoke()
        boxes, scores = (
            interpreter.get_tensor(output["index"])[0]  # a copy
            for output in interpreter.get_output_details()
        )
        self.idle.append(interpreter)
        return boxes, scores[:, 0]


_NEAR = _Network("face_detection_short_range.tflite", 128, ((16, 2), (8, 6)))
# Pixels of the full-range network's input, per side.
FAR_SIDE = 192
_FAR = _Network("face_detection_full_range_sparse.tflite", FAR_SIDE, ((48, 1),))


def detect(pixels: NDArray[np.uint8], min_score: float) -> list[Face]:
    """Faces that either network detects, each once, unsorted."""
    image = Image.fromarray(pixels)
    rows = [row for network in (_NEAR, _FAR) for row in _detect(network, image, min_score)]
    return [_face(row) for row in _merge(np.array(rows, np.float32).reshape(-1, 17))]


def far_candidates(pixels: NDArray[np.uint8], min_score: float = 0.6) -> list[Face]:
    """Faces that the full-range network alone detects, unsorted: it sees smaller ones."""
    return [_face(row) for row in _merge(_detect(_FAR, Image.fromarray(pixels), min_score))]


def overlap(first: Face, second: Face) -> float:
    """Intersection over union of two faces' boxes."""
    boxes = [[0.0, face.left, face.top, face.right, face.bottom] for face in (first, second)]
    rows = np.asarray(boxes, np.float32)
    return float(_overlap(rows[0], rows[1:])[0])


def _detect(network: _Network, image: Image.Image, min_score: float) -> NDArray[np.float32]:
    """Rows of score, left, top, right, bottom and six landmarks, in pixels of the image."""
    width, height = image.size
    longer, side = max(height, width), network.side
    size = (max(1, round(width * side / longer)), max(1, round(height * side / longer)))
    small = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=3)
    batch = np.full((1, side, side, 3), -1, np.float32)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    inside = batch[0, top : top + size[1], left : left + size[0]]
    inside[...] = np.asarray(small)  # in place: half the time of an expression
    inside /= np.float32(127.5)
    inside -= 1
    raw, raw_scores = network(batch)
    scores = 1 / (1 + np.exp(-np.clip(raw_scores, -_SCORE_LIMIT, _SCORE_LIMIT)))
    good = np.flatnonzero(scores >= min_score)
    pairs = raw[good].reshape(-1, 8, 2) / np.float32(side)
    anchors = _anchors(network.grids)[good]
    centre, half = pairs[:, 0] + anchors, pairs[:, 1] / 2
    points = pairs[:, 2:] + anchors[:, None]
    corners = np.concatenate([(centre - half)[:, None], (centre + half)[:, None], points], axis=1)
    corners = (corners * side - (left, top)) * longer / side
    return np.concatenate([scores[good][:, None], corners.reshape(-1, 16)], axis=1)


@cache
def _anchors(grids: tuple[tuple[int, int], ...]) -> NDArray[np.float32]:
    """Centres of all anchors (anchors, 2), x and y in [0, 1]."""
    rows = []
    for cells, repeats in grids:
        centres = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        y, x = np.meshgrid(centres, centres, indexing="ij")
        rows.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), repeats, axis=0))
    return np.concatenate(rows)


def _merge(rows: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Weighted non-maximum suppression: overlapping detections are averaged by score."""
    averages = []
    rows = rows[np.argsort(-rows[:, 0])]
    while len(rows):
        same = _overlap(rows[0], rows) > _OVERLAP
        same[0] = True
        group = rows[same]
        average = np.average(group, axis=0, weights=group[:, 0])
        average[0] = rows[0, 0]
        averages.append(average)
        rows = rows[~same]
    return averages


def _overlap(row: NDArray[np.float32], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of one box with each of many."""
    low = np.maximum(row[1:3], rows[:, 1:3])
    high = np.minimum(row[3:5], rows[:, 3:5])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(np.maximum(rows[:, 3:5] - rows[:, 1:3], 0), axis=1)
    union = areas + np.prod(np.maximum(row[3:5] - row[1:3], 0)) - shared
    overlap: NDArray[np.float32] = shared / np.maximum(union, 1e-9)
    return overlap


def _face(row: NDArray[np.float32]) -> Face:
    score, left, top, right, bottom = (float(value) for value in row[:5])
    return Face(left, top, right, bottom, score, row[5:].reshape(6, 2).astype(np.float32))


def _interpreter(path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=path.read_bytes(), num_threads=1)
    interpreter.allocate_tensors()
    return interpreter
