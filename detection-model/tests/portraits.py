"""Pictures like portraits to a hash: soft shapes, the larger the stronger. No faces."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Change = Callable[[Image.Image], Image.Image]


def portrait(seed: int, side: int = 96) -> Image.Image:
    rng = np.random.default_rng(seed)
    pixels = np.full((side, side, 3), 120.0)
    for cells, strength in ((5, 1.0), (11, 0.6), (23, 0.35), (47, 0.2)):
        shapes = Image.fromarray(rng.integers(0, 256, (cells, cells, 3)).astype(np.uint8))
        smooth = shapes.resize((side, side), Image.Resampling.BICUBIC)
        pixels += strength * (np.asarray(smooth) - 127.5) / 2
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def resaved(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def write_portraits(
    root: Path,
    per_class: int = 20,
    *,
    real: Change = lambda image: image,
    fake: Change = lambda image: image,
    suffixes: tuple[str, str] = ("png", "png"),
    **options: Any,
) -> Path:
    """`root/{Train,Test}/{Real,Fake}`, `per_class` in Train and a fifth in Test; the same kind of
    pictures in both classes, but for what is done to them here."""
    seed = 0
    for split, count in (("Train", per_class), ("Test", per_class // 5)):
        for label, change, suffix in (("Real", real, suffixes[0]), ("Fake", fake, suffixes[1])):
            folder = root / split / label
            folder.mkdir(parents=True)
            for number in range(count):
                seed += 1
                change(portrait(seed)).save(folder / f"{number:03}.{suffix}", **options)
    return root
