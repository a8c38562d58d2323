"""Attributions: the evidence of each pixel for Fake, mapped back onto the image and drawn.

An attribution is float32 (height, width): positive is evidence for Fake, negative for Real, NaN
is outside the model's input. A heat map is one in [0, 1]; its NaN is drawn transparent. Pure
functions; neither TensorFlow nor matplotlib.

Viridis (van der Walt & Smith, 2015, CC0) is perceptually uniform, also for most colour-blind
people and in greyscale. Jet is familiar, but shows edges that are not in the data.
"""

import io
from functools import cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from detection_model.card import ClassName, InputSpec
from detection_model.faces import Box

Attribution = NDArray[np.float32]

# Percent of the evidence that is clipped: a single outlier would darken the rest.
_CLIPPED = 1.0


class ExplainError(ValueError):
    """The explanation is not possible; the message says why."""


def heat(attribution: Attribution, towards: ClassName = "Fake") -> Attribution:
    """The evidence for one class as a heat map, float32 in [0, 1] of the same shape.

    Evidence for the other class is 0. The scale is relative: 1 is the strongest percent of the
    evidence in this image, however weak. Without evidence all is 0; NaN stays NaN.
    """
    evidence: Attribution = attribution if towards == "Fake" else -attribution
    above = evidence[evidence > 0]
    if above.size == 0:
        return np.multiply(evidence, 0, dtype=np.float32)
    full = np.percentile(above, 100 - _CLIPPED)
    scaled: Attribution = np.clip(evidence / full, 0, 1).astype(np.float32)
    return scaled


def onto_image(
    attribution: Attribution,
    spec: InputSpec,
    *,
    height: int,
    width: int,
    box: Box | None = None,
    turns: int = 0,
) -> Attribution:
    """Map an attribution over a model's input back onto the whole upright image.

    This inverts the crop to `box` and `imaging.resize`; the margins of `pad` are dropped.

    Args:
        attribution: (spec.height, spec.width).
        spec: the input part of the model's card.
        height: of the image, in pixels.
        width: of the image, in pixels.
        box: the crop of the image that the model saw; None: the whole image.
        turns: quarter turns counter-clockwise of the crop before the model saw it.

    Returns:
        (height, width), NaN outside the model's input: outside `box`, and outside a `center-crop`.
    """
    box = box or Box(0, 0, width, height)
    shape = (box.bottom - box.top, box.right - box.left)
    turned: Attribution = np.full(shape[::-1] if turns % 2 else shape, np.nan, np.float32)
    region, source = _visible_region(spec, height=turned.shape[0], width=turned.shape[1])
    size = (region.right - region.left, region.bottom - region.top)
    image = Image.fromarray(np.ascontiguousarray(attribution, np.float32))
    # Smooth for enlarging; Pillow's bilinear filter averages for shrinking.
    resized = image.resize(size, Image.Resampling.BILINEAR, box=source)
    turned[region.top : region.bottom, region.left : region.right] = np.asarray(resized)
    mapped: Attribution = np.full((height, width), np.nan, np.float32)
    mapped[box.top : box.bottom, box.left : box.right] = np.rot90(turned, -turns)
    return mapped


def _visible_region(
    spec: InputSpec, *, height: int, width: int
) -> tuple[Box, tuple[float, float, float, float]]:
    """The region of an image that the model sees, and the matching box of its input."""
    all_of_it, all_of_input = Box(0, 0, width, height), (0.0, 0.0, spec.width, spec.height)
    match spec.resize:
        case "center-crop":
            scale = min(width / spec.width, height / spec.height)
            wide, high = round(spec.width * scale), round(spec.height * scale)
            left, top = (width - wide) // 2, (height - high) // 2
            return Box(left, top, left + wide, top + high), all_of_input
        case "pad":
            scale = min(spec.width / width, spec.height / height)
            wide, high = round(width * scale), round(height * scale)
            left, top = round((spec.width - wide) / 2), round((spec.height - high) / 2)
            return all_of_it, (left, top, left + wide, top + high)
    return all_of_it, all_of_input


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
        anchors = np.frombuffer(bytes.fromhex(_VIRIDIS), np.uint8).reshape(-1, 3)
        channels = [np.interp(at, np.arange(0, 256, 5), anchors[:, i]) for i in range(3)]
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
