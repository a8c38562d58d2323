"""Colours and drawings of heat maps. Needs neither TensorFlow nor matplotlib.

A heat map is float32 (h, w) in [0, 1]; NaN, outside the model's input, is drawn transparent.

Viridis (van der Walt & Smith, 2015, CC0) is perceptually uniform, also for most colour-blind
people and in greyscale. Jet is familiar, but shows edges that are not in the data.
"""

import io
from functools import cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from detection_model.explain.attribution import Attribution

Colours = Literal["viridis", "jet"]
COLOURS: tuple[Colours, ...] = get_args(Colours)

# Every fifth of viridis' 256 colours.
_VIRIDIS = (
    "44015446085c471063481769481d6f482475472a7a46307e453781433d844142873f48893d4e8a3a538b"
    "38598c355e8d33638d31688e2e6d8e2c718e2a768e297b8e27808e25848e23898e218e8d20928c1f978b"
    "1e9c891fa18821a58524aa8328ae802eb37c35b7793dbc7446c06f50c46a5ac86465cb5e70cf577cd250"
    "89d54895d840a2da37b0dd2fbddf26cae11fd8e219e5e419f1e51dfde725"
)
# Breakpoints of red, green and blue in jet, and their values there.
_JET = (
    ((0, 0.35, 0.66, 0.89, 1), (0, 0, 1, 1, 0.5)),
    ((0, 0.125, 0.375, 0.64, 0.91, 1), (0, 0, 1, 1, 0, 0)),
    ((0, 0.11, 0.34, 0.65, 1), (0.5, 1, 1, 0, 0)),
)


@cache
def table(colours: Colours) -> NDArray[np.uint8]:
    """Colour map, uint8 RGB (256, 3), within 1.5 levels of matplotlib's; do not modify."""
    at = np.arange(256)
    if colours == "jet":
        channels = [np.interp(at / 255, points, values) * 255 for points, values in _JET]
    else:
        known = np.frombuffer(bytes.fromhex(_VIRIDIS), np.uint8).reshape(-1, 3)
        channels = [np.interp(at, np.arange(0, 256, 5), known[:, i]) for i in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def stops(colours: Colours, count: int = 9) -> list[str]:
    """Evenly spaced colours as #rrggbb, for the gradient of a legend."""
    rows = table(colours)[np.linspace(0, 255, count).round().astype(int)]
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in rows]


Bytes = NDArray[np.uint8]


def layer(heat: Attribution, colours: Colours = "viridis") -> Bytes:
    """The heat map as a coloured layer, uint8 RGBA (h, w, 4)."""
    visible = ~np.isnan(heat)
    level = (np.clip(np.where(visible, heat, 0), 0, 1) * 255).round().astype(np.uint8)
    return np.dstack([table(colours)[level], np.where(visible, np.uint8(255), np.uint8(0))])


def overlay(
    pixels: Bytes, heat: Attribution, opacity: float = 0.5, colours: Colours = "viridis"
) -> Bytes:
    """An image blended with its heat map, uint8 RGB (h, w, 3).

    Args:
        pixels: uint8 RGB of the heat map's size.
        heat: the heat map, values in [0, 1] or NaN.
        opacity: of the heat map, in [0, 1].
        colours: of the heat map.
    """
    above = layer(heat, colours).astype(np.float32)
    share = above[..., 3:] * np.float32(opacity / 255)
    mixed: Bytes = (pixels * (1 - share) + above[..., :3] * share).round().astype(np.uint8)
    return mixed


def legend(width: int, height: int, colours: Colours = "viridis") -> Bytes:
    """A colour bar from 0 at the left to 1 at the right, uint8 RGB (height, width, 3)."""
    row = table(colours)[np.linspace(0, 255, width).round().astype(int)]
    return np.repeat(row[None], height, axis=0)


def with_legend(picture: Bytes, least: str, most: str, colours: Colours = "viridis") -> Bytes:
    """The image, uint8 RGB, above a legend with labels for both ends."""
    height, width = picture.shape[:2]
    line = max(12, min(height, width) // 24)
    image = Image.new("RGB", (width, height + 3 * line), "white")
    image.paste(Image.fromarray(picture), (0, 0))
    bar = legend(max(1, width - 2 * line), line, colours)
    image.paste(Image.fromarray(bar), (line, height + line // 2))
    draw = ImageDraw.Draw(image)
    size = float(line)
    room = (width - 3 * line) / 2
    while size > 4 and max(_length(text, size) for text in (least, most)) > room:
        size -= 1
    font, baseline = ImageFont.load_default(size), height + 1.6 * line
    draw.text((line, baseline), least, "black", font)
    draw.text((width - line - _length(most, size), baseline), most, "black", font)
    return np.asarray(image)


def png(pixels: Bytes) -> bytes:
    """An image as the bytes of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _length(text: str, size: float) -> float:
    return ImageFont.load_default(size).getlength(text)
