"""Holdout fakes: manipulations that no model is trained on, to test generalisation.

`warp` moves and scales features, as retouching does (Wang et al., "Detecting photoshopped faces by
scripting Photoshop", ICCV 2019). `clone` is seamless cloning of another face (Pérez et al.,
"Poisson image editing", SIGGRAPH 2003), as in classical face swaps. Both take and return uint8 RGB
(h, w, 3). Never use them in training.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detection_model.faces import Face
from detection_model.synthesis.blending import (
    EYES,
    MOUTH,
    NOSE,
    Pixels,
    aligned,
    axes_of,
    face_of,
    radii,
    recoloured,
)

Vector = NDArray[np.float64]
_SIZED = (0.12, 0.3)
_SMILED = (0.05, 0.12)
_SLIMMED = (0.06, 0.14)
# Share of the face's ellipse, without hair and background.
_CLONED = 0.85


def warp(pixels: Pixels, face: Face, rng: np.random.Generator) -> Pixels:
    """Face warping: at least two of eyes, nose, mouth corners and jaw are scaled or moved.

    The displacement falls off smoothly, so that there is no edge.
    """
    from scipy.ndimage import map_coordinates

    height, width = pixels.shape[:2]
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float64)
    sources = places.copy()
    kinds = rng.permutation(4)[: rng.integers(2, 5)]
    for centre, reach, growth, shift in _pulls(face, kinds, rng):
        offsets = places - centre
        weight = np.exp(-(offsets**2).sum(axis=-1, keepdims=True) / (2 * reach**2))
        sources -= weight * (growth * offsets + shift)
    columns, rows = np.moveaxis(sources, -1, 0)
    channels = [
        map_coordinates(pixels[..., channel].astype(np.float64), [rows, columns], mode="nearest")
        for channel in range(3)
    ]
    return _bytes(np.stack(channels, axis=-1))


def clone(pixels: Pixels, face: Face, donor: Pixels, donor_face: Face) -> Pixels:
    """Seamless cloning of a donor's face: its colours match this picture's at the edge."""
    aligned_donor = aligned(donor, donor_face.points, face.points, pixels.shape)
    covered = aligned(np.full_like(donor, 255), donor_face.points, face.points, pixels.shape)
    inside = (radii(pixels, face_of(face)) < _CLONED) & (covered.min(axis=-1) == 255)
    inside[[0, -1]] = inside[:, [0, -1]] = False
    if not inside.any():
        return pixels
    aligned_donor = recoloured(aligned_donor, pixels, inside)
    pasted = pixels.astype(np.float64)
    difference = pasted - aligned_donor
    pasted[inside] = aligned_donor[inside] + _membrane(difference, inside)
    return _bytes(pasted)


def _pulls(
    face: Face, kinds: NDArray[np.int64], rng: np.random.Generator
) -> Iterator[tuple[Vector, float, float, Vector]]:
    """Centre, radius in pixels, growth, and shift in pixels of each warp."""
    distance, _, angle = axes_of(face)
    aside = np.asarray([np.cos(angle), np.sin(angle)]) * distance
    down = np.asarray([-aside[1], aside[0]])
    points = face.points.astype(np.float64)
    still = np.zeros(2)
    for kind in kinds:
        sign = rng.choice((-1, 1))
        match kind:
            case 0:
                size = sign * rng.uniform(*_SIZED)
                for eye in EYES:
                    yield points[eye], 0.35 * distance, size, still
            case 1:
                yield points[NOSE], 0.4 * distance, sign * rng.uniform(*_SIZED), still
            case 2:
                lift = sign * rng.uniform(*_SMILED) * down
                for side in (-0.35, 0.35):
                    yield points[MOUTH] + side * aside, 0.22 * distance, 0.0, lift
            case 3:
                inwards = rng.uniform(*_SLIMMED) * aside
                for side in (-0.85, 0.85):
                    yield points[MOUTH] + side * aside, 0.4 * distance, 0.0, -side * inwards


def _membrane(values: Vector, inside: NDArray[np.bool_]) -> Vector:
    """Solve Laplace's equation inside a region with boundary values from (h, w, 3).

    Uses four neighbours; no pixel inside may be on the image border. Returns float64 (n, 3) for
    the n pixels inside.
    """
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import splu

    count = int(inside.sum())
    number = np.full(inside.shape, -1)
    number[inside] = np.arange(count)
    rows, columns = np.nonzero(inside)
    boundary = np.zeros((count, 3))
    entries = [np.full(count, 4.0)]
    at = [(np.arange(count), np.arange(count))]
    for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        neighbour = number[rows + down, columns + right]
        outside = neighbour < 0
        boundary[outside] += values[rows + down, columns + right][outside]
        at.append((np.flatnonzero(~outside), neighbour[~outside]))
        entries.append(np.full(int((~outside).sum()), -1.0))
    equations = csc_array(
        (np.concatenate(entries), tuple(np.concatenate(part) for part in zip(*at, strict=True))),
        shape=(count, count),
    )
    solved: Vector = splu(equations).solve(boundary)
    return solved


def _bytes(values: Vector) -> Pixels:
    pixels: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return pixels
