"""Face manipulation: masks of the replaced region, alignment, colour transfer, alpha blending."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model.faces import Face

Pixels = NDArray[np.uint8]
Weights = NDArray[np.float32]
EYES, NOSE, MOUTH = (0, 1), 2, 3
# Centre x and y, the two half axes, and the angle of the first.
Ellipse = tuple[float, float, float, float, float]


def face_of(face: Face) -> Ellipse:
    """The ellipse of a face from the brows to the chin."""
    along, across, angle = axes_of(face)
    x, y = face.points[[*EYES, MOUTH]].mean(axis=0)
    return x, y, along, across, angle


def region_of(face: Face, rng: np.random.Generator) -> Ellipse:
    """A random region: the whole face, or its lower or upper half."""
    x, y, along, across, angle = face_of(face)
    match rng.integers(4):
        case 0:  # the lower half
            x, y = face.points[[NOSE, MOUTH]].mean(axis=0)
            along, across = 0.8 * along, 0.6 * across
        case 1:  # the upper half
            x, y = face.points[[*EYES, NOSE]].mean(axis=0)
            across *= 0.6
    size = rng.uniform(0.8, 1.15)
    return x, y, along * size, across * size, angle


def parts_of(face: Face, rng: np.random.Generator) -> list[Ellipse]:
    """Random parts: some of eyes, nose and mouth, or in two of five cases a whole region."""
    if rng.random() < 0.4:
        return [region_of(face, rng)]
    along, _, angle = axes_of(face)
    left, right, nose, mouth = face.points[:4]
    shapes = [
        (*left, 0.42 * along, 0.28 * along, angle),
        (*right, 0.42 * along, 0.28 * along, angle),
        (*nose, 0.4 * along, 0.5 * along, angle),
        (*mouth, 0.6 * along, 0.35 * along, angle),
    ]
    numbers = rng.permutation(4)[: rng.integers(1, 5)]
    return [shapes[number] for number in numbers]


def axes_of(face: Face) -> tuple[float, float, float]:
    """Half width, half height and angle of a face, from eyes and mouth."""
    left, right, _, mouth = face.points[:4]
    between = right - left
    distance = max(float(np.hypot(*between)), 8.0)
    down = max(float(np.hypot(*(mouth - (left + right) / 2))), 8.0)
    return 1.0 * distance, 1.45 * down, float(np.arctan2(between[1], between[0]))


def mask_of(pixels: Pixels, ellipse: Ellipse, rng: np.random.Generator) -> Weights:
    """Mask of an ellipse, float32 (h, w) in [0, 1], with a random uneven, soft edge."""
    height, width = pixels.shape[:2]
    coarse = Image.fromarray(rng.normal(0, 1, (6, 6)).astype(np.float32))
    uneven = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    edge = 1 - radii(pixels, ellipse) + np.float32(rng.uniform(0, 0.12)) * uneven
    soft = np.float32(rng.uniform(0.04, 0.45))
    weights: Weights = np.clip(edge / soft, 0, 1)
    return weights


def radii(pixels: Pixels, ellipse: Ellipse) -> Weights:
    """Normalised distance of each pixel from an ellipse's centre, (h, w); 1 on its edge."""
    height, width = pixels.shape[:2]
    x, y, along, across, angle = ellipse
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    columns, rows = columns - np.float32(x), rows - np.float32(y)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    u = (columns * cos + rows * sin) / np.float32(along)
    v = (rows * cos - columns * sin) / np.float32(across)
    out: Weights = np.sqrt(u * u + v * v)
    return out


def aligned(
    pixels: Pixels, points: NDArray[np.float32], onto: NDArray[np.float32], shape: tuple[int, ...]
) -> Pixels:
    """Similarity transform that maps eyes, nose and mouth onto others (least squares)."""
    ours, theirs = (p[:4, 0] + 1j * p[:4, 1] for p in (points, onto))
    centred = theirs - theirs.mean()
    # Pillow expects the inverse transform.
    turn = np.vdot(centred, ours - ours.mean()) / max(float(np.vdot(centred, centred).real), 1e-6)
    offset = ours.mean() - turn * theirs.mean()
    affine = (turn.real, -turn.imag, offset.real, turn.imag, turn.real, offset.imag)
    return transformed(pixels, affine, shape)


def transformed(pixels: Pixels, affine: tuple[float, ...], shape: tuple[int, ...]) -> Pixels:
    """Pillow's affine transform to an image of `shape`, bicubic."""
    moved = Image.fromarray(pixels).transform(
        (shape[1], shape[0]), Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC
    )
    return np.asarray(moved)


def recoloured(source: Pixels, target: Pixels, inside: NDArray[np.bool_]) -> Pixels:
    """The source with the colour mean and deviation of the target inside a region."""
    if not inside.any():
        return source
    ours, theirs = source[inside].astype(np.float32), target[inside].astype(np.float32)
    gain = np.clip((theirs.std(axis=0) + 1) / (ours.std(axis=0) + 1), 0.6, 1.6)
    moved = (source - ours.mean(axis=0)) * gain + theirs.mean(axis=0)
    recoloured: Pixels = np.clip(moved, 0, 255).astype(np.uint8)
    return recoloured


def mixed(source: Pixels, target: Pixels, mask: Weights) -> Pixels:
    """Alpha blending: `mask`, float32 (h, w) in [0, 1], is the share of the source."""
    share = mask[..., None]
    mixed: Pixels = np.rint(source * share + target * (1 - share)).astype(np.uint8)
    return mixed
