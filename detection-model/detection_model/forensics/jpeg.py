"""JPEG quantisation tables and the libjpeg quality that they correspond to."""

import io
import warnings
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin
from pydantic import BaseModel, Field

from detection_model.forensics import common
from detection_model.forensics.common import View
from detection_model.headers import read_container
from detection_model.imaging import FORMATS, without_faults
from detection_model.measures import Bytes

_CELL = 16


class Jpeg(BaseModel):
    """Compression settings; for formats other than JPEG all but `format` are null or empty."""

    format: str
    tables: list[list[list[int]]] = Field(
        description="quantisation steps, 8 x 8 each, lowest frequencies first; the first is luma's"
    )
    quality: int | None = Field(description="libjpeg quality with the nearest tables, 1 to 100")
    libjpeg: bool | None = Field(description="true if the tables equal libjpeg's at that quality")
    distance: float | None = Field(description="mean absolute difference from libjpeg's steps")
    subsampling: str | None = Field(description="chroma subsampling: 4:4:4, 4:2:2 or 4:2:0")
    progressive: bool | None


def jpeg(data: bytes, _pixels: Bytes) -> View:
    """Tables and settings of a file that `imaging.decode` accepts."""
    container = read_container(data)
    tables = quantisation_tables(data)
    if not tables:
        return View("jpeg", {}, _no_jpeg(container.format))
    quality, distance = nearest_quality(tables)
    numbers = Jpeg(
        format=container.format,
        tables=[table.tolist() for table in tables],
        quality=quality,
        libjpeg=distance == 0,
        distance=round(distance, 3),
        subsampling=_SUBSAMPLING.get(container.subsampling or 0),
        progressive=container.progressive,
    )
    steps = np.concatenate(tables[:2], axis=1).astype(np.float32)
    cells = common.levels(steps, 0, float(steps.max()))
    return View("jpeg", {"tables": cells.repeat(_CELL, axis=0).repeat(_CELL, axis=1)}, numbers)


_SUBSAMPLING = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}


def _no_jpeg(format_: str) -> Jpeg:
    return Jpeg(
        format=format_,
        tables=[],
        quality=None,
        libjpeg=None,
        distance=None,
        subsampling=None,
        progressive=None,
    )


def quantisation_tables(data: bytes) -> list[NDArray[np.int64]]:
    """A JPEG's tables, (8, 8) each, luma first; empty for other formats."""
    with (
        warnings.catch_warnings(action="ignore"),
        Image.open(io.BytesIO(without_faults(data)), formats=FORMATS) as image,
    ):
        return _tables(image)


def nearest_quality(tables: list[NDArray[np.int64]]) -> tuple[int, float]:
    """The libjpeg quality with the nearest tables, and the mean absolute difference of the steps.

    libjpeg scales the tables of ITU-T T.81, Annex K.
    """
    known = _libjpeg_tables()[:, : min(2, len(tables))]
    distances = np.abs(known - np.stack(tables[:2])).mean(axis=(1, 2, 3))
    return int(np.argmin(distances)) + 1, float(distances.min())


@cache
def _libjpeg_tables() -> NDArray[np.int64]:
    """The luma and chroma tables of libjpeg at each quality from 1 to 100, (100, 2, 8, 8)."""
    known = []
    for quality in range(1, 101):
        file = io.BytesIO()
        Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
        with Image.open(file) as image:
            known.append(np.stack(_tables(image)))
    return np.stack(known)


def _tables(image: Image.Image) -> list[NDArray[np.int64]]:
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return []
    return [np.reshape(table, (8, 8)) for _, table in sorted(image.quantization.items())]
