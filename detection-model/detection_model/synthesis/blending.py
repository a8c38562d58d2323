"""Blends one face into another: alignment, colour transfer and alpha blending."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model.synthesis.masks import Pixels, Weights


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
