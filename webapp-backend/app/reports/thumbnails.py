"""Small pictures for a report, re-encoded so that they hold none of the file's metadata."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.schemas.explain import Overlay
from app.schemas.predict import FaceBox

Bytes = NDArray[np.uint8]

_SIDE = 480
_OPACITY = 0.5


def thumbnail(pixels: Bytes) -> str:
    """Data URI of a JPEG of at most 480 pixels a side, of uint8 RGB (h, w, 3)."""
    image = Image.fromarray(pixels)
    image.thumbnail((_SIDE, _SIDE))
    return _embedded(image)


def overlaid(pixels: Bytes, box: FaceBox, overlay: Overlay) -> str:
    """Data URI of a JPEG: what `box` cuts out of uint8 RGB (h, w, 3), under its heat map."""
    height, width = pixels.shape[:2]
    left, top = round(box.left * width), round(box.top * height)
    right, bottom = round((box.left + box.width) * width), round((box.top + box.height) * height)
    part = Image.fromarray(pixels[top : max(bottom, top + 1), left : max(right, left + 1)])
    part.thumbnail((_SIDE, _SIDE))
    with Image.open(io.BytesIO(base64.b64decode(overlay.png))) as image:
        above = image.convert("RGBA").resize(part.size)
    share = above.getchannel("A").point(lambda level: round(level * _OPACITY))
    part.paste(above.convert("RGB"), (0, 0), share)
    return _embedded(part)


def _embedded(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
