"""Shared by all forensic views: ids, texts, the result type."""

import io
import warnings
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image, ImageOps
from pydantic import BaseModel

from detection_model.imaging import FORMATS, without_faults
from detection_model.measures import Bytes, Floats

ViewId = Literal["error_level", "noise", "spectrum", "jpeg", "double_compression", "colours"]


@dataclass(frozen=True)
class View:
    """The result of one forensic view.

    Each of `images` is uint8, (height, width) grey or (height, width, 3) RGB, upright; there are
    none if the view does not apply to this file format. `numbers` give the scale of the levels.
    """

    id: ViewId
    images: dict[str, Bytes]
    numbers: BaseModel


class Text(NamedTuple):
    """A title and two sentences: what the view shows, and what it does not prove.

    The page's English has the same texts under forensics.<id>: a test of the service compares them.
    """

    title: str
    shows: str
    limits: str


TEXTS: dict[ViewId, Text] = {
    "error_level": Text(
        "Error level",
        "Brightness shows how much each pixel changes under another JPEG compression. Regions "
        "with a different compression history stand out.",
        "Edges, fine texture and saturated colours are bright in authentic pictures too, and "
        "a generated picture that was saved once is uniform, so neither bright nor uniform "
        "areas prove anything.",
    ),
    "noise": Text(
        "Noise residual",
        "The picture minus a smoothed copy. A region with different noise may come from "
        "another picture or be retouched.",
        "Focus, light, in-camera denoising and JPEG also change the noise from place to "
        "place, so uneven noise does not prove an edit.",
    ),
    "spectrum": Text(
        "Frequency spectrum",
        "Low frequencies are in the middle, high ones at the edge. Isolated peaks or a grid "
        "of peaks are periodic patterns, such as those of upsampling in generators. The "
        "averages of real and generated training pictures are shown for comparison.",
        "JPEG blocks, scaling, screens and woven fabric cause such peaks too, many generators "
        "leave none, and similarity to an average is not evidence.",
    ),
    "jpeg": Text(
        "JPEG compression",
        "Quantisation tables set the precision of each frequency. They show whether standard "
        "libjpeg settings, a camera or an editor produced the file.",
        "The tables describe only the last save, and every messenger, website or editor saves "
        "again.",
    ),
    "double_compression": Text(
        "Double compression",
        "Periodic gaps or peaks in the histograms of DCT coefficients indicate an earlier "
        "JPEG compression with other settings.",
        "Most pictures on the web were saved more than once. The same settings twice, a crop "
        "or a resize in between usually leave no trace, so neither result tells an edited "
        "picture from an untouched one.",
    ),
    "colours": Text(
        "Colour histograms",
        "Frequency of each red, green and blue level. Regular gaps indicate stretched "
        "contrast; peaks at the ends indicate over- or underexposure.",
        "Filters, tone curves and every camera change these histograms, so no shape is "
        "specific to generated or edited pictures.",
    ),
}


# Pixels of the longer side of a view.
MAX_SIDE = 1600
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
    """EXIF orientation, 1 to 8; 1 if it is missing or unreadable."""
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(io.BytesIO(without_faults(data)), formats=FORMATS) as image,
        ):
            value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001  broken EXIF must not fail the image
        return 1
    return value if value in _UNDO else 1


def as_stored(upright: Bytes, orientation: int) -> Image.Image:
    """An upright image rotated back to its stored orientation, in which JPEG blocks are aligned."""
    image = Image.fromarray(upright)
    return image.transpose(_UNDO[orientation]) if orientation in _UNDO else image


def to_view(image: Image.Image, orientation: int) -> Bytes:
    """A stored image turned upright, its longer side at most `MAX_SIDE` pixels."""
    if orientation in _REDO:
        image = image.transpose(_REDO[orientation])
    if max(image.size) > MAX_SIDE:
        image = ImageOps.contain(image, (MAX_SIDE, MAX_SIDE), Image.Resampling.BOX)
    return np.asarray(image)


def levels(values: Floats, low: float, high: float) -> Bytes:
    """Map values from low to high to levels from 0 to 255, clipped."""
    scaled = (values - low) * (255 / max(high - low, 1e-9))
    return np.asarray(np.clip(np.rint(scaled), 0, 255), np.uint8)


def bars(counts: Floats, height: int = 120, width: int = 2) -> Bytes:
    """A bar chart of counts (n,): (height, n * width); the largest bar fills the height."""
    tops = height * (1 - counts / max(float(counts.max()), 1e-9))
    chart = np.where(np.arange(height)[:, None] >= np.rint(tops), 40, 255)
    return np.repeat(chart, width, axis=1).astype(np.uint8)
