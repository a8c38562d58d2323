"""Pictures with grain, and the bytes of a file: what forensic views and provenance look at."""

import io

import numpy as np
from PIL import Image
from portraits import portrait


def grained(seed: int, side: int = 192, deviation: float = 6) -> Image.Image:
    """A soft picture with grain, as cameras make it."""
    soft = np.asarray(portrait(seed, side), np.float32)
    grain = np.random.default_rng(seed).normal(0, deviation, soft.shape)
    return Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))


def encoded(image: Image.Image, format_: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()
