"""Random augmentation of training images with the shared perturbations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from detection_model import perturb
from detection_model.perturb import Bytes
from detection_model.training.config import Augmentation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)


def augment(pixels: Bytes, settings: Augmentation, rng: np.random.Generator) -> Bytes:
    """Augment one image, uint8 RGB (h, w, 3); the same generator gives the same result."""
    pixels = _adjust(_move(pixels, settings, rng), settings, rng)
    if settings.erase and rng.random() < 0.5:
        pixels = _erase(pixels, settings.erase, rng)
    return _share(pixels, settings, rng)


def _move(pixels: Bytes, settings: Augmentation, rng: np.random.Generator) -> Bytes:
    if settings.flip and rng.random() < 0.5:
        pixels = perturb.flip(pixels)
    if not (settings.rotation or settings.zoom):
        return pixels
    angle = np.radians(rng.uniform(-settings.rotation, settings.rotation))
    scale = 1 + rng.uniform(-settings.zoom, settings.zoom)
    height, width = pixels.shape[:2]
    x, y = width / 2, height / 2
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    inverse = (cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y)
    # Grey outside the image: black corners would be a trace of their own.
    moved = Image.fromarray(pixels).transform(
        (width, height),
        Image.Transform.AFFINE,
        inverse,
        Image.Resampling.BILINEAR,
        fillcolor=(128, 128, 128),
    )
    return np.asarray(moved)


def _adjust(pixels: Bytes, settings: Augmentation, rng: np.random.Generator) -> Bytes:
    strengths: tuple[tuple[perturb.Property, float], ...] = (
        ("brightness", settings.brightness),
        ("saturation", settings.colour),
        ("contrast", settings.colour),
    )
    for kind, strength in strengths:
        if strength:
            pixels = perturb.adjust(pixels, kind, 1 + rng.uniform(-strength, strength))
    return pixels


def _erase(pixels: Bytes, max_share: float, rng: np.random.Generator) -> Bytes:
    """Noise in a rectangle of up to `max_share` of the area, at most three times as long as high.

    Zhong et al., "Random erasing data augmentation" (AAAI 2020).
    """
    image_height, image_width = pixels.shape[:2]
    side = np.sqrt(rng.uniform(0, max_share) * image_width * image_height)
    stretch = np.exp(rng.uniform(-1, 1) * np.log(3) / 2)
    width = int(min(side * stretch, image_width))
    height = int(min(side / stretch, image_height))
    left = int(rng.integers(image_width - width + 1))
    top = int(rng.integers(image_height - height + 1))
    return perturb.cover(pixels, top, left, rng.integers(0, 256, (height, width, 3), np.uint8))


def _share(pixels: Bytes, settings: Augmentation, rng: np.random.Generator) -> Bytes:
    """Apply perturbations of shared images: scaling, blur, noise and compression."""
    if settings.scaling < 1 and rng.random() < settings.share:
        size = perturb.scaled_size(pixels, rng.uniform(settings.scaling, 1))
        down, up = map(Image.Resampling, rng.choice(_FILTERS, 2))
        pixels = perturb.resample(pixels, size, down, up)
    if settings.blur and rng.random() < settings.share:
        pixels = perturb.blur(pixels, rng.uniform(0, settings.blur))
    if settings.noise and rng.random() < settings.share:
        pixels = perturb.noise(pixels, rng.uniform(0, settings.noise), rng, np.float32)
    if settings.jpeg < 100 and rng.random() < settings.share:
        return perturb.jpeg(pixels, int(rng.integers(settings.jpeg, 101)))
    if settings.webp < 100 and rng.random() < settings.share:
        return perturb.webp(pixels, int(rng.integers(settings.webp, 101)))
    return pixels


def augmentation_figure(pixels: Bytes, settings: Augmentation) -> Figure:
    """A picture, uint8 RGB (h, w, 3), and its augmentation in five epochs."""
    from detection_model.figures import new_figure

    augmented = [augment(pixels, settings, np.random.default_rng([0, epoch])) for epoch in range(5)]
    figure, axes = new_figure(6, width=1.5, height=1.5)
    for plot, picture in zip(axes, [pixels, *augmented], strict=True):
        plot.imshow(picture)
        plot.set_axis_off()
    return figure
