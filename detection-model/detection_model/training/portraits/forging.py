"""Fakes made from real faces, so that a model learns traces of a forgery and not one generator.

`blend` follows Shiohara & Yamasaki, "Detecting deepfakes with self-blended images" (CVPR 2022):
a face is blended into itself after a slight change, so that nothing but the blending tells.
`swap` pastes parts of another face, as expert composites do. Both work on a `Portrait`'s pixels,
uint8 RGB (h, w, 3), and its face; the outcome has the same shape.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from detection_model.faces import Face

Pixels = NDArray[np.uint8]
Weights = NDArray[np.float32]
_EYES, _NOSE, _MOUTH = (0, 1), 2, 3
_RATIOS = (0.25, 0.5, 0.75, 1, 1, 1)


def blend(pixels: Pixels, face: Face, rng: np.random.Generator) -> Pixels:
    """A face blended into itself after one of the two was changed a little."""
    source, target = pixels, _altered(pixels, rng)
    if rng.random() < 0.5:
        source, target = target, source
    source = _nudged(source, face, rng)
    mask = _mask(pixels, _region(face, rng), rng) * np.float32(rng.choice(_RATIOS))
    return _mixed(source, target, mask)


def swap(
    pixels: Pixels, face: Face, donor: Pixels, donor_face: Face, rng: np.random.Generator
) -> Pixels:
    """Eyes, nose, mouth or the whole face of a donor, laid over the same of this one."""
    moved = _aligned(donor, donor_face.points, face.points, pixels.shape)
    parts = _parts(face, rng)
    mask = np.zeros(pixels.shape[:2], np.float32)
    for part in parts:
        mask = np.maximum(mask, _mask(pixels, part, rng))
    if rng.random() < 0.8:
        moved = _recoloured(moved, pixels, mask)
    return _mixed(moved, pixels, mask)


# An ellipse: centre x and y, half axes along and across, and the angle of the former.
_Ellipse = tuple[float, float, float, float, float]


def _region(face: Face, rng: np.random.Generator) -> _Ellipse:
    """The face, or a large part of it."""
    along, across, angle = _axes(face)
    x, y = face.points[[*_EYES, _MOUTH]].mean(axis=0)
    match rng.integers(4):
        case 0:  # the lower half
            x, y = face.points[[_NOSE, _MOUTH]].mean(axis=0)
            along, across = 0.8 * along, 0.6 * across
        case 1:  # the upper half
            x, y = face.points[[*_EYES, _NOSE]].mean(axis=0)
            across *= 0.6
    size = rng.uniform(0.8, 1.15)
    return x, y, along * size, across * size, angle


def _parts(face: Face, rng: np.random.Generator) -> list[_Ellipse]:
    if rng.random() < 0.2:
        return [_region(face, rng)]
    along, _, angle = _axes(face)
    left, right, nose, mouth = face.points[:4]
    shapes = [
        (*left, 0.42 * along, 0.28 * along, angle),
        (*right, 0.42 * along, 0.28 * along, angle),
        (*nose, 0.4 * along, 0.5 * along, angle),
        (*mouth, 0.6 * along, 0.35 * along, angle),
    ]
    chosen = rng.permutation(4)[: rng.integers(1, 5)]
    return [shapes[number] for number in chosen]


def _axes(face: Face) -> tuple[float, float, float]:
    """Half width and half height of a face, and its angle, from eyes and mouth."""
    left, right, _, mouth = face.points[:4]
    between = right - left
    distance = max(float(np.hypot(*between)), 8.0)
    down = max(float(np.hypot(*(mouth - (left + right) / 2))), 8.0)
    return 1.0 * distance, 1.45 * down, float(np.arctan2(between[1], between[0]))


def _mask(pixels: Pixels, ellipse: _Ellipse, rng: np.random.Generator) -> Weights:
    """Weights in [0, 1], (h, w), of an ellipse with an uneven edge that is soft by chance."""
    height, width = pixels.shape[:2]
    x, y, along, across, angle = ellipse
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    columns, rows = columns - np.float32(x), rows - np.float32(y)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    u = (columns * cos + rows * sin) / np.float32(along)
    v = (rows * cos - columns * sin) / np.float32(across)
    coarse = Image.fromarray(rng.normal(0, 1, (6, 6)).astype(np.float32))
    uneven = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    edge = 1 - np.sqrt(u * u + v * v) + np.float32(rng.uniform(0, 0.12)) * uneven
    soft = np.float32(rng.uniform(0.04, 0.45))
    weights: Weights = np.clip(edge / soft, 0, 1)
    return weights


def _altered(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Another colour, sharpness or encoding, hardly to be seen."""
    picture = Image.fromarray(pixels)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        if rng.random() < 0.6:
            picture = enhance(picture).enhance(rng.uniform(0.85, 1.15))
    match rng.integers(4):
        case 0:
            factor = rng.uniform(0.3, 0.8)
            small = picture.resize((max(8, round(picture.width * factor)),) * 2)
            picture = small.resize(picture.size, Image.Resampling.BICUBIC)
        case 1:
            picture = picture.filter(ImageFilter.UnsharpMask(2, int(rng.integers(50, 150)), 0))
        case 2:
            encoded = io.BytesIO()
            picture.save(encoded, "JPEG", quality=int(rng.integers(40, 90)))
            picture = Image.open(encoded).convert("RGB")
    shift = rng.uniform(-14, 14, 3).astype(np.float32)
    altered: Pixels = np.clip(np.asarray(picture) + shift, 0, 255).astype(np.uint8)
    return altered


def _nudged(pixels: Pixels, face: Face, rng: np.random.Generator) -> Pixels:
    """Moved by up to 3 % of the face and scaled by up to 4 % about its middle."""
    scale = rng.uniform(0.96, 1.04)
    shift = rng.uniform(-0.03, 0.03, 2) * face.side
    x, y = (face.left + face.right) / 2, (face.top + face.bottom) / 2
    affine = (1 / scale, 0, x - x / scale - shift[0], 0, 1 / scale, y - y / scale - shift[1])
    return _transformed(pixels, affine, pixels.shape)


def _aligned(
    pixels: Pixels, points: NDArray[np.float32], onto: NDArray[np.float32], shape: tuple[int, ...]
) -> Pixels:
    """Turned, scaled and moved such that eyes, nose and mouth lie on others (least squares)."""
    ours, theirs = (p[:4, 0] + 1j * p[:4, 1] for p in (points, onto))
    centred = theirs - theirs.mean()
    # From there to here: what Pillow asks for.
    turn = np.vdot(centred, ours - ours.mean()) / max(float(np.vdot(centred, centred).real), 1e-6)
    offset = ours.mean() - turn * theirs.mean()
    affine = (turn.real, -turn.imag, offset.real, turn.imag, turn.real, offset.imag)
    return _transformed(pixels, affine, shape)


def _transformed(pixels: Pixels, affine: tuple[float, ...], shape: tuple[int, ...]) -> Pixels:
    moved = Image.fromarray(pixels).transform(
        (shape[1], shape[0]), Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC
    )
    return np.asarray(moved)


def _recoloured(source: Pixels, target: Pixels, mask: Weights) -> Pixels:
    """The source with the mean and spread that the target's colours have where it is covered."""
    inside = mask > 0.5
    if not inside.any():
        return source
    ours, theirs = source[inside].astype(np.float32), target[inside].astype(np.float32)
    gain = np.clip((theirs.std(axis=0) + 1) / (ours.std(axis=0) + 1), 0.6, 1.6)
    moved = (source - ours.mean(axis=0)) * gain + theirs.mean(axis=0)
    recoloured: Pixels = np.clip(moved, 0, 255).astype(np.uint8)
    return recoloured


def _mixed(source: Pixels, target: Pixels, mask: Weights) -> Pixels:
    share = mask[..., None]
    mixed: Pixels = np.rint(source * share + target * (1 - share)).astype(np.uint8)
    return mixed
