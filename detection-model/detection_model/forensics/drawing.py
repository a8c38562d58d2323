"""Arrays made visible: levels, bars, and sizes that a page can show."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps

from detection_model.data.audit.measures import Bytes, Floats
from detection_model.imaging import FORMATS

# Pixels of the longer side of a view.
LONGEST = 1600
_ORIENTATION = 0x0112
_UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
_REDO = _UNDO | {6: Image.Transpose.ROTATE_270, 8: Image.Transpose.ROTATE_90}


def orientation(data: bytes) -> int:
    """EXIF's orientation, 1 to 8; 1 where there is none or it cannot be read."""
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(io.BytesIO(data), formats=FORMATS) as image,
        ):
            found = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001  broken EXIF must not cost the picture
        return 1
    return found if found in _UNDO else 1


def as_stored(upright: Bytes, turned: int) -> Image.Image:
    """An upright picture turned back as the file holds it, where JPEG's blocks lie on a grid."""
    image = Image.fromarray(upright)
    return image.transpose(_UNDO[turned]) if turned in _UNDO else image


def shown(image: Image.Image, turned: int) -> Bytes:
    """A stored picture upright, its longer side at most `LONGEST` pixels."""
    if turned in _REDO:
        image = image.transpose(_REDO[turned])
    if max(image.size) > LONGEST:
        image = ImageOps.contain(image, (LONGEST, LONGEST), Image.Resampling.BOX)
    return np.asarray(image)


def levels(values: Floats, low: float, high: float) -> Bytes:
    """Values from low to high as levels from 0 to 255; what lies outside is clipped."""
    scaled = (values - low) * (255 / max(high - low, 1e-9))
    return np.asarray(np.clip(np.rint(scaled), 0, 255), np.uint8)


def bars(counts: Floats, height: int = 120, width: int = 2) -> Bytes:
    """A bar chart of counts (n,), the largest as high as the picture: (height, n * width)."""
    tops = height * (1 - counts / max(float(counts.max()), 1e-9))
    drawn = np.where(np.arange(height)[:, None] >= np.rint(tops), 40, 255)
    return np.repeat(drawn, width, axis=1).astype(np.uint8)
