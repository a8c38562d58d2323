"""Fakes for training, so that a model learns traces of manipulation and not one generator.

`blend` makes self-blended images (Shiohara & Yamasaki, "Detecting deepfakes with self-blended
images", CVPR 2022): a face is blended into a slightly changed copy of itself. `swap` pastes parts
of another face, like expert composites. Both take the pixels and face of a `FaceCrop` and return
uint8 RGB (h, w, 3) of the same shape.
"""

import numpy as np

from detection_model import perturb
from detection_model.faces import Face
from detection_model.synthesis.blending import (
    Pixels,
    aligned,
    mask_of,
    mixed,
    parts_of,
    recoloured,
    region_of,
    transformed,
)

_ADJUSTED: tuple[perturb.Property, ...] = ("brightness", "contrast", "saturation")
_RATIOS = (0.25, 0.5, 0.75, 1, 1, 1)


def blend(pixels: Pixels, face: Face, rng: np.random.Generator) -> Pixels:
    """Self-blended image: a face blended into a slightly changed copy of itself."""
    source, target = pixels, _altered(pixels, rng)
    if rng.random() < 0.5:
        source, target = target, source
    source = _nudged(source, face, rng)
    mask = mask_of(pixels, region_of(face, rng), rng) * np.float32(rng.choice(_RATIOS))
    return mixed(source, target, mask)


def swap(
    pixels: Pixels, face: Face, donor: Pixels, donor_face: Face, rng: np.random.Generator
) -> Pixels:
    """Face swap: eyes, nose, mouth or the whole face of a donor replace this one's.

    Two of five donors lose their fine detail: networks that swap faces draw small, smooth ones.
    """
    moved = aligned(donor, donor_face.points, face.points, pixels.shape)
    if rng.random() < 0.4:
        moved = perturb.resample(moved, perturb.scaled_size(moved, rng.uniform(0.3, 0.8)))
    parts = parts_of(face, rng)
    mask = np.zeros(pixels.shape[:2], np.float32)
    for part in parts:
        mask = np.maximum(mask, mask_of(pixels, part, rng))
    if rng.random() < 0.8:
        moved = recoloured(moved, pixels, mask > 0.5)
    return mixed(moved, pixels, mask)


def _altered(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A slight random change of colour, sharpness or encoding."""
    for kind in _ADJUSTED:
        if rng.random() < 0.6:
            pixels = perturb.adjust(pixels, kind, rng.uniform(0.85, 1.15))
    match rng.integers(4):
        case 0:
            side = max(8, round(pixels.shape[1] * rng.uniform(0.3, 0.8)))
            pixels = perturb.resample(pixels, (side, side))
        case 1:
            pixels = perturb.sharpen(pixels, int(rng.integers(50, 150)))
        case 2:
            pixels = perturb.jpeg(pixels, int(rng.integers(40, 90)))
    shift = rng.uniform(-14, 14, 3).astype(np.float32)
    altered: Pixels = np.clip(pixels + shift, 0, 255).astype(np.uint8)
    return altered


def _nudged(pixels: Pixels, face: Face, rng: np.random.Generator) -> Pixels:
    """Shifted by up to 3 % of the face's side, and scaled by up to 4 % about its centre."""
    scale = rng.uniform(0.96, 1.04)
    shift = rng.uniform(-0.03, 0.03, 2) * face.side
    x, y = (face.left + face.right) / 2, (face.top + face.bottom) / 2
    affine = (1 / scale, 0, x - x / scale - shift[0], 0, 1 / scale, y - y / scale - shift[1])
    return transformed(pixels, affine, pixels.shape)
