"""Face swaps for training whose donor is warped to the landmarks of the face it replaces.

Like the blended images of Face X-ray (Li et al., CVPR 2020): a similar donor, a region bounded by
landmarks, colours matched, a soft edge.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from detection_model import perturb
from detection_model.synthesis.blending import Pixels, Weights, mixed, recoloured

Points = NDArray[np.float32]

# Indices of MediaPipe's face mesh; "left" and "right" as seen in the image.
_OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
_LEFT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
_RIGHT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
_LEFT_BROW = (46, 53, 52, 65, 55, 70, 63, 105, 66, 107)
_RIGHT_BROW = (276, 283, 282, 295, 285, 300, 293, 334, 296, 336)
_NOSE = (6, 197, 195, 5, 4, 1, 19, 94, 2, 98, 327, 129, 358, 48, 278, 64, 294)
_MOUTH = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
# The oval below the eyes: the jaw from ear to ear.
_JAW = _OVAL[8:27]
_BROWS = _LEFT_BROW + _RIGHT_BROW
_WHOLE: tuple[tuple[int, ...], ...] = (
    _OVAL,
    _BROWS + _JAW,
    _BROWS + _MOUTH,
    _JAW + _NOSE + _MOUTH,
    _BROWS + _NOSE,
)
_PARTS: tuple[tuple[int, ...], ...] = (
    _LEFT_EYE,
    _RIGHT_EYE,
    _LEFT_EYE + _LEFT_BROW,
    _RIGHT_EYE + _RIGHT_BROW,
    _NOSE,
    _MOUTH,
)
_SHARES = (0.6, 0.8, 1, 1, 1, 1)


def warped_swap(
    pixels: Pixels, mesh: Points, donor: Pixels, donor_mesh: Points, rng: np.random.Generator
) -> Pixels:
    """A face swap, uint8 RGB like `pixels` (h, w, 3), from meshes (468, 2) of both pictures."""
    mask = _mask(pixels, mesh, rng)
    if rng.random() < 0.4:  # networks that swap faces draw small, smooth ones
        donor = perturb.resample(donor, perturb.scaled_size(donor, rng.uniform(0.3, 0.8)))
    moved, inside = _warped(donor, donor_mesh, mesh, pixels, mask > 0)
    mask = np.where(inside, mask, np.float32(0))
    if rng.random() < 0.85:
        moved = recoloured(moved, pixels, mask > 0.5)
    return mixed(moved, pixels, mask * np.float32(rng.choice(_SHARES)))


def most_similar(mesh: Points, others: Sequence[Points]) -> int:
    """Index of the mesh that differs least after moving, scaling and turning it."""
    return int(np.argmin([_difference(mesh, other) for other in others]))


def _difference(mesh: Points, other: Points) -> float:
    ours, theirs = (_normal(points) for points in (mesh, other))
    # The best rotation of one onto the other leaves this much.
    return float(1 - abs(np.vdot(ours, theirs)))


def _normal(points: Points) -> NDArray[np.complex64]:
    plane = points[:, 0] + 1j * points[:, 1]
    plane = plane - plane.mean()
    normal: NDArray[np.complex64] = plane / np.linalg.norm(plane)
    return normal


def _mask(pixels: Pixels, mesh: Points, rng: np.random.Generator) -> Weights:
    """Mask (h, w) in [0, 1] of the whole face, half of it, or some of its parts."""
    from scipy.spatial import ConvexHull

    if rng.random() < 0.55:
        shapes = [_WHOLE[rng.choice(len(_WHOLE), p=(0.3, 0.3, 0.2, 0.1, 0.1))]]
        growth = rng.uniform(0.85, 1.05)
    else:
        numbers = rng.permutation(len(_PARTS))[: rng.integers(1, 5)]
        shapes = [_PARTS[number] for number in numbers]
        growth = rng.uniform(1.05, 1.7)
    height, width = pixels.shape[:2]
    side = float(np.ptp(mesh[:, 0]))
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    for shape in shapes:
        points = mesh[list(shape)]
        outline = points[ConvexHull(points).vertices]
        centre = outline.mean(axis=0)
        outline = centre + (outline - centre) * growth
        outline = outline + rng.normal(0, 0.015 * side, outline.shape)
        draw.polygon([tuple(point) for point in outline.tolist()], fill=255)
    soft = image.filter(ImageFilter.GaussianBlur(side * rng.uniform(0.005, 0.07)))
    weights: Weights = np.asarray(soft, np.float32) / np.float32(255)
    return weights


def _warped(
    donor: Pixels, donor_mesh: Points, mesh: Points, pixels: Pixels, where: NDArray[np.bool_]
) -> tuple[Pixels, NDArray[np.bool_]]:
    """The donor warped triangle by triangle onto a mesh, and where there is one (h, w)."""
    from scipy.interpolate import LinearNDInterpolator
    from scipy.ndimage import map_coordinates

    rows, columns = np.nonzero(where)
    sources = LinearNDInterpolator(mesh, donor_mesh)(columns, rows)
    known = ~np.isnan(sources[:, 0])
    rows, columns, sources = rows[known], columns[known], sources[known]
    moved, inside = pixels.copy(), np.zeros(pixels.shape[:2], np.bool_)
    for channel in range(3):
        values = map_coordinates(
            donor[..., channel].astype(np.float32),
            [sources[:, 1], sources[:, 0]],
            order=1,
            mode="nearest",
        )
        moved[rows, columns, channel] = np.rint(values)
    inside[rows, columns] = True
    return moved, inside
