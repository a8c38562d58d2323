"""The log-spectrum of a picture, its peaks, and the averages of the training data beside it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from pydantic import BaseModel, Field

from detection_model import imaging
from detection_model.card import ClassName, InputSpec
from detection_model.data.audit import measures
from detection_model.data.audit.measures import Bytes, Floats
from detection_model.data.audit.rows import SIDE
from detection_model.forensics import drawing
from detection_model.forensics.averages import ClassSpectra, rounded
from detection_model.forensics.view import View

# Of a larger picture the middle is looked at, unscaled: scaling would take the traces away.
_LARGEST = 512
_MOST_PEAKS = 24
# Noise rises 1.4 above its neighbourhood once in a picture, honest photographs seldom 1.9.
_PEAK = 2.0
_AROUND = 9


class Peak(BaseModel):
    """A regular pattern."""

    across: float = Field(description="cycles a pixel from left to right, -0.5 to 0.5")
    down: float = Field(description="cycles a pixel from top to bottom, -0.5 to 0.5")
    period: float = Field(description="pixels")
    height: float = Field(description="log-amplitude above its neighbourhood")
    jpeg_grid: bool = Field(description="a frequency that JPEG's blocks of 8 pixels make as well")


class Spectrum(BaseModel):
    """Numbers of the spectra; `radial` ones are mean log-amplitudes from 0 to half a cycle."""

    side: int = Field(description="pixels of the square in the middle that was looked at")
    peaks: list[Peak] = Field(description=f"strongest first, at most {_MOST_PEAKS}")
    low: float = Field(description="log-amplitude of level 0 in `own`")
    high: float = Field(description="log-amplitude of level 255 in `own`")
    radial: list[float] = Field(description=f"of the whole picture at {SIDE} x {SIDE}")
    class_radial: dict[ClassName, list[float]]
    data: str | None = Field(description="name of the data that the averages are of")
    pictures: dict[ClassName, int] = Field(description="pictures behind each average")


def spectrum(pixels: Bytes, averages: ClassSpectra | None = None) -> View:
    """Log-spectra of uint8 RGB (height, width, 3).

    `own` is the square in the middle at its own size, which shows periodic traces; `whole` is
    the picture at the size of the averages (`Real`, `Fake`), on the same levels as they.
    """
    side = min(_LARGEST, *pixels.shape[:2])
    own = log_spectrum(_middle(pixels, side))
    low, high = np.percentile(own, [1, 99.9]).tolist()
    shown = {"own": drawing.levels(own, low, high)}
    whole = log_spectrum(imaging.resize(pixels, InputSpec(height=SIDE, width=SIDE)))
    classes: dict[ClassName, list[float]] = {}
    if averages:
        record = averages.record
        classes = {label: one.radial for label, one in record.classes.items()}
        shown["whole"] = drawing.levels(whole, record.low, record.high)
        shown |= {str(label): image for label, image in averages.images.items()}
    numbers = Spectrum(
        side=side,
        peaks=peaks(own),
        low=round(low, 4),
        high=round(high, 4),
        radial=rounded(measures.radial_profile(whole)),
        class_radial=classes,
        data=averages.record.data if averages else None,
        pictures={k: one.pictures for k, one in averages.record.classes.items()}
        if averages
        else {},
    )
    return View("spectrum", shown, numbers)


def log_spectrum(pixels: Bytes) -> Floats:
    """As `measures.log_spectra`, of one picture and without scipy: (h, w, 3) to (h, w)."""
    grey = measures.to_grey(pixels[None])
    amplitudes = np.abs(np.fft.fft2(measures.windowed_laplacian(grey)[0], s=grey.shape[1:]))
    return np.asarray(np.fft.fftshift(np.log1p(amplitudes)), np.float32)


def peaks(log_amplitudes: Floats) -> list[Peak]:
    """Points of a centred square spectrum (n, n) that stand out of their neighbourhood.

    Each once: the spectrum of a picture is symmetric about its middle.
    """
    side = len(log_amplitudes)
    image = Image.fromarray(log_amplitudes)
    above = log_amplitudes - np.asarray(image.filter(ImageFilter.MedianFilter(_AROUND)))
    highest = np.asarray(image.filter(ImageFilter.MaxFilter(5))) == log_amplitudes
    rows, columns = np.nonzero(highest & (above > _PEAK) & _upper_half(side))
    order = np.argsort(-above[rows, columns])[:_MOST_PEAKS]
    return [
        _peak(int(rows[at]) - side // 2, int(columns[at]) - side // 2, side, above)
        for at in order.tolist()
    ]


def _peak(down: int, across: int, side: int, above: Floats) -> Peak:
    on_grid = all(
        abs(8 * part / side - round(8 * part / side)) < 12 / side for part in (down, across)
    )
    return Peak(
        across=round(across / side, 4),
        down=round(down / side, 4),
        period=round(side / float(np.hypot(down, across)), 2),
        height=round(float(above[down + side // 2, across + side // 2]), 2),
        jpeg_grid=on_grid,
    )


def _upper_half(side: int) -> NDArray[np.bool_]:
    """One of each pair of opposite points, without the middle, whose slope is the window's."""
    rows, columns = np.indices((side, side)) - side // 2
    half = (rows < 0) | ((rows == 0) & (columns > 0))
    return np.asarray(half & (np.hypot(rows, columns) > max(6, 0.04 * side)))


def _middle(pixels: Bytes, side: int) -> Bytes:
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return pixels[top : top + side, left : left + side]
