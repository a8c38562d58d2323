"""Does the histogram of DCT coefficients tell of an earlier JPEG compression?

Popescu & Farid, "Statistical Tools for Digital Forensics" (2004): quantising twice with different
steps leaves periodic gaps or heaps, which are peaks in the histogram's Fourier transform.

Limits: only luma and the lowest frequencies are looked at. The same steps twice, a crop that moves
the grid of blocks both ways, a resize or noise in between leave nothing to see, and a coarser
compression hides a finer one before it more often than not. Small or flat pictures have too few
coefficients; drawings with a few flat colours can look like it without cause. How often it is
right on a folder of pictures: benchmarks/double_compression.py.
"""

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, Field

from detection_model.data.audit.measures import Bytes, Floats
from detection_model.forensics import common
from detection_model.forensics.common import View
from detection_model.forensics.jpeg import quantisation_tables
from detection_model.imaging import FORMATS

# Frequencies (row, column) by their distance from the mean, which itself is of no use.
MODES = [(row, column) for row in range(5) for column in range(5) if 1 <= row + column <= 4]
# A larger picture is judged by its middle.
_LONGEST = 2048
_REACH = 128
# A peak must stand so far above the noise of chance (which is about 1), and be so high at all:
# in large pictures the faintest ripple of honest ones is beyond chance.
_CHANCE = 4.0
_HEIGHT = 0.05
_FEWEST = 2


class Mode(BaseModel):
    """One frequency of the blocks' cosine transform."""

    row: int
    column: int
    step: int = Field(description="of the file's own table; 1 in formats other than JPEG")
    height: float = Field(description="of the highest peak of periodicity, 0 to 1")
    period: float = Field(description="distance between gaps or heaps, in steps")
    periodic: bool


class DoubleCompression(BaseModel):
    """A hint, never a proof."""

    hint: bool = Field(description=f"at least {_FEWEST} modes are periodic")
    earlier: str = Field(description="what a hint would mean for this format")
    blocks: int = Field(description="8 x 8 blocks that were looked at")
    modes: list[Mode]


def double_compression(data: bytes, pixels: Bytes) -> View:
    """Periodicity of the lowest frequencies' histograms.

    In a JPEG file it hints at an earlier compression with other settings, in other formats at
    any earlier JPEG compression.

    Args:
        data: the file, as `images.decode` has accepted it.
        pixels: what it decoded to, uint8 RGB (height, width, 3), upright.
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
            hint=sum(mode.periodic for mode in modes) >= _FEWEST,
            earlier="JPEG with other settings" if tables else "JPEG",
            blocks=len(coefficients),
            modes=modes,
        ),
    )


def block_dct(luma: Floats) -> Floats:
    """Orthonormal cosine transform of whole 8 x 8 blocks: (h, w) to (blocks, 8, 8).

    The scale is JPEG's own: divided by the quantisation steps these are the stored numbers.
    """
    rows, columns = luma.shape[0] // 8, luma.shape[1] // 8
    blocks = luma[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8).swapaxes(1, 2)
    angles = np.outer(np.arange(8), 2 * np.arange(8) + 1) * np.pi / 16
    basis = (np.cos(angles) / 2).astype(np.float32)
    basis[0] /= np.sqrt(np.float32(2))
    return np.asarray(basis @ blocks.reshape(-1, 8, 8) @ basis.T, np.float32)


def periodicity(histogram: NDArray[np.int64]) -> tuple[float, float, bool]:
    """Height (0 to 1) and period (bins) of the clearest period, and whether it is beyond chance.

    A smooth histogram's transform falls steadily; a peak is what rises above its own lowest point
    at longer periods.
    """
    total = max(1, int(histogram.sum()))
    spectrum = np.abs(np.fft.rfft(histogram)) / total
    rises = spectrum - np.minimum.accumulate(spectrum)
    at = int(np.argmax(rises))
    height = float(rises[at])
    beyond = height > max(_HEIGHT, _CHANCE / np.sqrt(total))
    return height, len(histogram) / at if at else 0.0, beyond


def _luma(data: bytes, pixels: Bytes) -> Floats:
    with (
        warnings.catch_warnings(action="ignore"),
        Image.open(io.BytesIO(data), formats=FORMATS) as image,
    ):
        if image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L"):
            # The decoder's own luma: through RGB and back it would be rounded once more.
            image.draft("L", image.size)
            return np.asarray(image.convert("L"), np.float32)
    stored = common.as_stored(pixels, common.orientation(data))
    return np.asarray(stored.convert("L"), np.float32)


def _middle(luma: Floats) -> Floats:
    """At most `_LONGEST` pixels a side, cut on the grid of blocks."""
    tops = [max(0, side - _LONGEST) // 16 * 8 for side in luma.shape]
    return luma[tops[0] : tops[0] + _LONGEST, tops[1] : tops[1] + _LONGEST]


def _histogram(values: NDArray[np.floating]) -> NDArray[np.int64]:
    whole = np.rint(values).astype(np.int64)
    kept = whole[np.abs(whole) <= _REACH] + _REACH
    return np.bincount(kept, minlength=2 * _REACH + 1)
