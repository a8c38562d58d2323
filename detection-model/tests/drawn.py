"""Faces drawn in flat colours, which BlazeFace takes for faces."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

_SKINS = ((255, 219, 172), (241, 194, 125), (141, 85, 36), (255, 204, 0))
_INK = (20, 20, 20)


def cartoon(seed: int, side: int = 256) -> NDArray[np.uint8]:
    """Uint8 RGB (side, side, 3): head, hair, eyes, nose and mouth on one colour."""
    rng = np.random.default_rng(seed)

    def colour(low: int = 0, high: int = 255) -> tuple[int, ...]:
        return tuple(int(value) for value in rng.integers(low, high, 3))

    size = 2 * side  # drawn larger and scaled down, so that edges are smooth
    image = Image.new("RGB", (size, size), colour())
    draw = ImageDraw.Draw(image)
    middle, wide = size / 2, size * rng.uniform(0.24, 0.34)
    high, line = wide * rng.uniform(1.1, 1.4), max(2, size // 150)
    skin, hair = _SKINS[seed % len(_SKINS)], colour(0, 120)

    def ellipse(
        x: float, y: float, w: float, h: float, fill: object, outline: object = _INK
    ) -> None:
        box = (middle + x - w, middle + y - h, middle + x + w, middle + y + h)
        draw.ellipse(box, fill=fill, outline=outline, width=line)  # type: ignore[arg-type]

    ellipse(0, -high * 0.25, wide * 1.2, high, hair)
    ellipse(0, high * 2.1, wide * 1.8, high * 0.9, colour())
    ellipse(0, 0, wide, high, skin)
    for sign in (-1, 1):
        x, y, w = sign * wide * 0.42, -high * 0.1, wide * 0.22
        ellipse(x, y, w, w * 0.8, "white")
        ellipse(x, y, w * 0.5, w * 0.5, colour(0, 120))
        ellipse(x, y - w * 1.5, w, w * 0.15, hair, hair)
    ellipse(0, high * 0.2, wide * 0.1, wide * 0.06, _INK)
    ellipse(0, high * 0.5, wide * 0.35, wide * 0.08, (160, 40, 40))
    draw.pieslice(
        (middle - wide * 1.1, middle - high * 1.15, middle + wide * 1.1, middle),
        180,
        360,
        fill=hair,
    )
    return np.asarray(image.resize((side, side), Image.Resampling.LANCZOS))
