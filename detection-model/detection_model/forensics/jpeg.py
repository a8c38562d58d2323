"""JPEG traces: quantisation tables with their libjpeg quality, and signs of earlier compression.

An earlier compression is detected from histograms of DCT coefficients. Popescu & Farid,
"Statistical Tools for Digital Forensics" (2004): quantising twice with different steps leaves
periodic gaps or peaks in the histogram, visible in its Fourier transform.

Limits: only luma and the lowest frequencies are analysed. There is no trace if both compressions
used the same steps, or after a shifted crop, a resize or noise in between; a coarser second
compression usually hides the first. Small or flat images have too few coefficients, and drawings
with few colours cause false alarms. benchmarks/double_compression.py measures the accuracy.
"""

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
from detection_model.measures import Bytes, Floats

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
    standard = _libjpeg_tables()[:, : min(2, len(tables))]
    distances = np.abs(standard - np.stack(tables[:2])).mean(axis=(1, 2, 3))
    return int(np.argmin(distances)) + 1, float(distances.min())


@cache
def _libjpeg_tables() -> NDArray[np.int64]:
    """The luma and chroma tables of libjpeg at each quality from 1 to 100, (100, 2, 8, 8)."""
    tables = []
    for quality in range(1, 101):
        file = io.BytesIO()
        Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
        with Image.open(file) as image:
            tables.append(np.stack(_tables(image)))
    return np.stack(tables)


def _tables(image: Image.Image) -> list[NDArray[np.int64]]:
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return []
    return [np.reshape(table, (8, 8)) for _, table in sorted(image.quantization.items())]


# The lowest frequencies (row, column), without the mean.
MODES = [(row, column) for row in range(5) for column in range(5) if 1 <= row + column <= 4]
# Of larger images only the centre is analysed.
_MAX_SIDE = 2048
_MAX_LEVEL = 128
# A peak must exceed the noise level (about 1) by this factor, and an absolute height: in large
# images even faint ripples of untouched ones exceed the noise.
_NOISE_FACTOR = 4.0
_MIN_HEIGHT = 0.05
_MIN_MODES = 2


class Mode(BaseModel):
    """One frequency of the block DCT."""

    row: int
    column: int
    step: int = Field(description="quantisation step in the file; 1 for formats other than JPEG")
    height: float = Field(description="height of the highest periodicity peak, 0 to 1")
    period: float = Field(description="distance between gaps or peaks, in steps")
    periodic: bool


class DoubleCompression(BaseModel):
    """A hint, never a proof."""

    hint: bool = Field(description=f"at least {_MIN_MODES} modes are periodic")
    earlier: str = Field(description="what a hint means for this format")
    blocks: int = Field(description="number of analysed 8 x 8 blocks")
    modes: list[Mode]


def double_compression(data: bytes, pixels: Bytes) -> View:
    """Periodicity of the histograms of the lowest frequencies.

    In a JPEG file it suggests an earlier compression with other settings, in other formats any
    earlier JPEG compression.

    Args:
        data: the file; `imaging.decode` accepts it.
        pixels: the decoded, upright image, uint8 RGB (height, width, 3).
    """
    tables = quantisation_tables(data)
    steps = tables[0] if tables else np.ones((8, 8), np.int64)
    coefficients = block_dct(_middle(_luma(data, pixels)))
    modes, histograms = [], []
    for row, column in MODES:
        step = int(steps[row, column])
        histogram = _histogram(coefficients[:, row, column] / step)
        height, period, periodic = periodicity(histogram)
        histograms.append(histogram)
        modes.append(
            Mode(
                row=row,
                column=column,
                step=step,
                height=round(height, 4),
                period=round(period, 2),
                periodic=periodic,
            )
        )
    clearest = max(range(len(modes)), key=lambda at: (modes[at].periodic, modes[at].height))
    return View(
        "double_compression",
        {"histogram": common.bars(np.sqrt(histograms[clearest]).astype(np.float32))},
        DoubleCompression(
            hint=sum(mode.periodic for mode in modes) >= _MIN_MODES,
            earlier="JPEG with other settings" if tables else "JPEG",
            blocks=len(coefficients),
            modes=modes,
        ),
    )


def block_dct(luma: Floats) -> Floats:
    """Orthonormal DCT of complete 8 x 8 blocks: (h, w) to (blocks, 8, 8).

    On JPEG's scale: divided by the quantisation steps, the values are the stored coefficients.
    """
    rows, columns = luma.shape[0] // 8, luma.shape[1] // 8
    blocks = luma[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8).swapaxes(1, 2)
    angles = np.outer(np.arange(8), 2 * np.arange(8) + 1) * np.pi / 16
    basis = (np.cos(angles) / 2).astype(np.float32)
    basis[0] /= np.sqrt(np.float32(2))
    return np.asarray(basis @ blocks.reshape(-1, 8, 8) @ basis.T, np.float32)


def periodicity(histogram: NDArray[np.int64]) -> tuple[float, float, bool]:
    """Height (0 to 1) and period (bins) of the strongest period, and True if it is significant.

    The transform of a smooth histogram decreases; a peak is a rise above its minimum at longer
    periods.
    """
    total = max(1, int(histogram.sum()))
    spectrum = np.abs(np.fft.rfft(histogram)) / total
    rises = spectrum - np.minimum.accumulate(spectrum)
    at = int(np.argmax(rises))
    height = float(rises[at])
    significant = height > max(_MIN_HEIGHT, _NOISE_FACTOR / np.sqrt(total))
    return height, len(histogram) / at if at else 0.0, significant


def _luma(data: bytes, pixels: Bytes) -> Floats:
    with (
        warnings.catch_warnings(action="ignore"),
        Image.open(io.BytesIO(without_faults(data)), formats=FORMATS) as image,
    ):
        if image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L"):
            # The decoder's luma: a conversion through RGB would round once more.
            image.draft("L", image.size)
            return np.asarray(image.convert("L"), np.float32)
    stored = common.as_stored(pixels, common.orientation(data))
    return np.asarray(stored.convert("L"), np.float32)


def _middle(luma: Floats) -> Floats:
    """The centre, at most `_MAX_SIDE` pixels a side, aligned to the block grid."""
    tops = [max(0, side - _MAX_SIDE) // 16 * 8 for side in luma.shape]
    return luma[tops[0] : tops[0] + _MAX_SIDE, tops[1] : tops[1] + _MAX_SIDE]


def _histogram(values: NDArray[np.floating]) -> NDArray[np.int64]:
    levels = np.rint(values).astype(np.int64)
    bins = levels[np.abs(levels) <= _MAX_LEVEL] + _MAX_LEVEL
    return np.bincount(bins, minlength=2 * _MAX_LEVEL + 1)
