"""Alters pictures for training. Pillow does it, as everywhere else in this library."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from detection_model.training.config import Augmentation

Pixels = NDArray[np.uint8]
_FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)


def augment(pixels: Pixels, how: Augmentation, rng: np.random.Generator) -> Pixels:
    """One picture, uint8 RGB (h, w, 3), altered: the same for the same generator."""
    picture = _coloured(_moved(Image.fromarray(pixels), how, rng), how, rng)
    if how.erase and rng.random() < 0.5:
        picture = _erased(picture, how.erase, rng)
    return _delivered(picture, how, rng)


def add_noise(pixels: Pixels, deviation: float, rng: np.random.Generator) -> Pixels:
    """Gaussian noise of a standard deviation in units of 255, cut at 0 and 255."""
    values = rng.standard_normal(pixels.shape, dtype=np.float32)
    values *= deviation
    values += pixels
    np.rint(values, out=values)
    return np.clip(values, 0, 255, out=values).astype(np.uint8)


def _moved(picture: Image.Image, how: Augmentation, rng: np.random.Generator) -> Image.Image:
    if how.flip and rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if not (how.rotation or how.zoom):
        return picture
    angle = np.radians(rng.uniform(-how.rotation, how.rotation))
    scale = 1 + rng.uniform(-how.zoom, how.zoom)
    x, y = picture.width / 2, picture.height / 2
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    back = (cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y)
    # What comes in from outside is grey: black corners would be a sign of their own.
    return picture.transform(
        picture.size,
        Image.Transform.AFFINE,
        back,
        Image.Resampling.BILINEAR,
        fillcolor=(128, 128, 128),
    )


def _coloured(picture: Image.Image, how: Augmentation, rng: np.random.Generator) -> Image.Image:
    for enhance, by in (
        (ImageEnhance.Brightness, how.brightness),
        (ImageEnhance.Color, how.colour),
        (ImageEnhance.Contrast, how.colour),
    ):
        if by:
            picture = enhance(picture).enhance(1 + rng.uniform(-by, by))
    return picture


def _erased(picture: Image.Image, most: float, rng: np.random.Generator) -> Image.Image:
    """With noise in a rectangle of up to that share of the area, at most three times as long."""
    side = np.sqrt(rng.uniform(0, most) * picture.width * picture.height)
    stretch = np.exp(rng.uniform(-1, 1) * np.log(3) / 2)
    width = int(min(side * stretch, picture.width))
    height = int(min(side / stretch, picture.height))
    left = rng.integers(picture.width - width + 1)
    top = rng.integers(picture.height - height + 1)
    noise = rng.integers(0, 256, (height, width, 3), np.uint8)
    erased = picture.copy()
    if noise.size:
        erased.paste(Image.fromarray(noise), (int(left), int(top)))
    return erased


def _delivered(picture: Image.Image, how: Augmentation, rng: np.random.Generator) -> Pixels:
    if how.scaling < 1 and rng.random() < how.share:
        factor = rng.uniform(how.scaling, 1)
        smaller = (max(1, round(side * factor)) for side in picture.size)
        filters = rng.choice(_FILTERS, 2)
        small = picture.resize(tuple(smaller), filters[0])  # type: ignore[arg-type]
        picture = small.resize(picture.size, filters[1])
    if how.blur and rng.random() < how.share:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, how.blur)))
    noisy = bool(how.noise) and rng.random() < how.share
    if noisy:
        pixels = add_noise(np.asarray(picture), rng.uniform(0, how.noise), rng)
        picture = Image.fromarray(pixels)
    if how.jpeg < 100 and rng.random() < how.share:
        picture = _encoded(picture, "JPEG", int(rng.integers(how.jpeg, 101)))
    elif how.webp < 100 and rng.random() < how.share:
        picture = _encoded(picture, "WEBP", int(rng.integers(how.webp, 101)))
    return np.asarray(picture)


def _encoded(picture: Image.Image, kind: str, quality: int) -> Image.Image:
    encoded = io.BytesIO()
    picture.save(encoded, kind, quality=quality)
    return Image.open(encoded).convert("RGB")
