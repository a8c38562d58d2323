"""A wider search for faces that the detector misses: turned ones, and small ones.

It runs only if the normal pass leaves doubt, so that ordinary portraits cost nothing more and keep
their faces.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model.faces import Box, Face, crop, find_faces
from detection_model.faces.blazeface import FAR_SIDE, far_candidates, overlap

Bytes = NDArray[np.uint8]

# A lower score in the normal pass may belong to a face that lies on its side or upside down: of
# 500 portraits 96 % have a higher one, of the same portraits turned 3 %.
_SURE = 0.8
# Degrees between a face and the vertical up to which it does not count as lying; nearly all
# portraits have less than 30.
_MOST_ROLL = 45.0
# A turned face must reach this score, exceed the one before by this, and be this upright.
_TURNED_SCORE, _BETTER, _TURNED_ROLL = 0.75, 0.1, 30.0
# Pixels of the longer side at which the picture is turned.
_TURN_SIDE = 512

# Pixels of the smallest tiles, and how many fit along the longer side: this bounds the cost.
_TILE, _MOST_ALONG = 512, 8
# Tiles overlap by this share, so that a face on a border is whole in one of them.
_OVERLAP = 1 / 6
# A larger picture is searched in tiles too if its largest face takes a smaller share of it.
_LARGE_SIDE, _DISTANT = 1000, 0.1
# A face in a tile is confirmed in a square of this many face sides, with this score.
_CONTEXT, _SMALL_SCORE = 3.5, 0.75
_MOST_CANDIDATES = 40
# Standard deviation of brightness, of 255, below which a tile shows nothing.
_LEAST_CONTRAST = 3.0
# Intersection over union above which two boxes show the same face.
_SAME = 0.3


@dataclass(frozen=True)
class Search:
    """The faces of a picture, the largest first.

    `turns` are the quarter turns counter-clockwise that make the faces upright, `small` is the
    number of faces that only the search in tiles found.
    """

    faces: list[Face]
    turns: int = 0
    small: int = 0


def search(pixels: Bytes, faces: Sequence[Face]) -> Search:
    """Complete the faces of the normal pass.

    Args:
        pixels: uint8 RGB (h, w, 3).
        faces: of `find_faces`, the largest first. Sure and upright ones are kept as they are.
    """
    if not any(face.score >= _SURE and is_upright(face) for face in faces):
        turned = _turned_faces(pixels, faces)
        if turned:
            return Search(turned, turns=turned[0].turns)
    longer = max(pixels.shape[:2])
    is_distant = longer >= _LARGE_SIDE and faces and faces[0].side < _DISTANT * longer
    if faces and not is_distant:
        return Search(list(faces))
    small = [face for face in _small_faces(pixels) if not _is_known(face, faces)]
    return Search(sorted([*faces, *small], key=lambda face: -face.side), small=len(small))


def is_upright(face: Face, most: float = _MOST_ROLL) -> bool:
    """True if the mouth is below the eyes, within `most` degrees."""
    across, down = face.points[3] - (face.points[0] + face.points[1]) / 2
    return abs(math.degrees(math.atan2(across, down))) <= most


def turn_back(face: Face, turns: int, *, height: int, width: int) -> Face:
    """A face of the picture after `np.rot90(pixels, turns)`, in the picture before it.

    Args:
        face: in pixels of the turned picture.
        turns: quarter turns counter-clockwise.
        height: of the picture before the turn, in pixels.
        width: of the picture before the turn, in pixels.
    """
    corners = [[face.left, face.top], [face.right, face.bottom]]
    points = np.concatenate([np.asarray(corners, np.float32), face.points])
    x, y = points[:, 0], points[:, 1]
    match turns % 4:
        case 1:
            x, y = width - y, x
        case 2:
            x, y = width - x, height - y
        case 3:
            x, y = y, height - x
    moved = np.stack([x, y], axis=-1).astype(np.float32)
    left, top = (float(value) for value in moved[:2].min(axis=0))
    right, bottom = (float(value) for value in moved[:2].max(axis=0))
    return Face(left, top, right, bottom, face.score, moved[2:], turns % 4)


def levels(height: int, width: int) -> list[float]:
    """Factors by which a picture is reduced for the search in tiles; none if it is small.

    Each level halves the last one's, down to tiles of 512 pixels, or of an eighth of the longer
    side: together at most about 130 tiles, whatever the picture's size.
    """
    longer = max(height, width)
    smallest = max(_TILE, longer / _MOST_ALONG) * 0.9
    sides = [longer / 2**power for power in range(1, _MOST_ALONG.bit_length())]
    return [side / FAR_SIDE for side in sides if side >= smallest]


def tiles(height: int, width: int) -> Iterator[Box]:
    """Squares of the network's input size that cover a reduced picture."""
    for top in _starts(height, FAR_SIDE):
        for left in _starts(width, FAR_SIDE):
            yield Box(left, top, min(left + FAR_SIDE, width), min(top + FAR_SIDE, height))


def _starts(length: int, side: int) -> list[int]:
    """Start offsets of tiles along a side, evenly spaced with at least the overlap."""
    if length <= side:
        return [0]
    count = math.ceil((length - side) / (side * (1 - _OVERLAP))) + 1
    return [round(index * (length - side) / (count - 1)) for index in range(count)]


def _turned_faces(pixels: Bytes, faces: Sequence[Face]) -> list[Face]:
    """The faces of the turn in which they score best; empty if that is no better than no turn."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _TURN_SIDE / max(height, width))
    small = _resized(pixels, scale)
    # A lying face counts for less than an upright one of the same score.
    best_score = max((face.score for face in faces if is_upright(face)), default=0.0) + _BETTER
    best: list[Face] = []
    for turns in (1, 2, 3):
        rotated = np.ascontiguousarray(np.rot90(small, turns))
        upright = [face for face in find_faces(rotated) if is_upright(face, _TURNED_ROLL)]
        score = max((face.score for face in upright), default=0.0)
        if score >= max(_TURNED_SCORE, best_score):
            best_score = score
            best = [
                turn_back(face, turns, height=len(small), width=small.shape[1]) for face in upright
            ]
    return [_scaled(face, 1 / scale) for face in best]


def _resized(pixels: Bytes, scale: float) -> Bytes:
    if scale == 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    image = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2)
    return np.asarray(image)


def _scaled(face: Face, factor: float, left: float = 0, top: float = 0) -> Face:
    """A face enlarged by a factor and then moved."""
    return replace(
        face,
        left=face.left * factor + left,
        top=face.top * factor + top,
        right=face.right * factor + left,
        bottom=face.bottom * factor + top,
        points=(face.points * factor + (left, top)).astype(np.float32),
    )


def _small_faces(pixels: Bytes) -> list[Face]:
    """Faces detected in tiles and confirmed in a closer crop."""
    candidates: list[Face] = []
    height, width = pixels.shape[:2]
    for factor in levels(height, width):
        reduced = _resized(pixels, 1 / factor)
        for box in tiles(*reduced.shape[:2]):
            part = crop(reduced, box)
            if part.std() < _LEAST_CONTRAST:
                continue
            for face in far_candidates(part):
                moved = _scaled(face, factor, box.left * factor, box.top * factor)
                if not _is_known(moved, candidates):
                    candidates.append(moved)
    faces: list[Face] = []
    for candidate in sorted(candidates, key=lambda face: -face.score)[:_MOST_CANDIDATES]:
        confirmed = _confirmed(pixels, candidate)
        if confirmed is not None and not _is_known(confirmed, faces):
            faces.append(confirmed)
    return faces


def _confirmed(pixels: Bytes, candidate: Face) -> Face | None:
    """The face at a candidate's place, seen at closer range; None if there is none."""
    height, width = pixels.shape[:2]
    side = min(round(candidate.side * _CONTEXT), height, width)
    left = round((candidate.left + candidate.right - side) / 2)
    top = round((candidate.top + candidate.bottom - side) / 2)
    left, top = min(max(left, 0), width - side), min(max(top, 0), height - side)
    closer = find_faces(crop(pixels, Box(left, top, left + side, top + side)))
    moved = [_scaled(face, 1, left, top) for face in closer]
    good = [
        face
        for face in moved
        if face.score >= _SMALL_SCORE and is_upright(face) and _is_known(face, [candidate])
    ]
    return max(good, key=lambda face: face.score, default=None)


def _is_known(face: Face, others: Sequence[Face]) -> bool:
    return any(overlap(face, other) > _SAME for other in others)
