"""The frequency spectrum of an image, next to the mean spectra of the training classes.

Synthetic images often leave regular patterns there: Durall, Keuper & Keuper, "Watch your
Up-Convolution" (CVPR 2020). The mean spectra are numbers over hundreds of images: no image can
be recovered from them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from pydantic import BaseModel, Field

from detection_model import imaging, measures
from detection_model.card import ClassName, InputSpec
from detection_model.forensics import common
from detection_model.forensics.common import View
from detection_model.measures import SIDE, Bytes, Floats, radial_profile

RECORD = "averages.json"
# The mean spectra of the published models' data.
PUBLISHED = Path(__file__).parent / "averages"


class ClassAverage(BaseModel):
    """The mean of a class; its spectrum is <class>.png next to averages.json."""

    pictures: int
    radial: list[float] = Field(description="mean log-amplitude, 0 to half a cycle per pixel")


class Averages(BaseModel):
    """averages.json: the data set, and the scale of the spectra."""

    data: str
    fingerprint: str = Field(description="of the data set, as in its report")
    side: int = Field(description="images were resized to this side, in pixels")
    low: float = Field(description="log-amplitude of level 0")
    high: float = Field(description="log-amplitude of level 255")
    classes: dict[ClassName, ClassAverage]


@dataclass(frozen=True)
class ClassSpectra:
    """averages.json and the mean log-spectra: uint8 (side, side), zero frequency centred."""

    record: Averages
    images: dict[ClassName, Bytes]


def write_averages(
    folder: Path, data: str, fingerprint: str, means: dict[ClassName, tuple[int, Floats]]
) -> None:
    """Write averages.json and an image for each class.

    Args:
        folder: created if missing.
        data: name of the data set.
        fingerprint: of the data set.
        means: for each class, the number of images and the mean log-spectrum (side, side).
    """
    spectra = np.stack([spectrum for _, spectrum in means.values()])
    # A single image has a wider range than a mean, by about 1 in log-amplitude.
    low, high = np.percentile(spectra, 1) - 1, np.percentile(spectra, 99.9) + 1
    record = Averages(
        data=data,
        fingerprint=fingerprint,
        side=spectra.shape[1],
        low=round(float(low), 3),
        high=round(float(high), 3),
        classes={
            label: ClassAverage(pictures=pictures, radial=rounded(radial_profile(spectrum)))
            for label, (pictures, spectrum) in means.items()
        },
    )
    folder.mkdir(parents=True, exist_ok=True)
    for label, (_, spectrum) in means.items():
        Image.fromarray(common.levels(spectrum, record.low, record.high)).save(
            folder / f"{label}.png"
        )
    (folder / RECORD).write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")


def rounded(values: Floats) -> list[float]:
    """Values with four digits, to keep JSON short."""
    return values.astype(np.float64).round(4).tolist()  # type: ignore[no-any-return]


def read_averages(folder: Path = PUBLISHED) -> ClassSpectra | None:
    """Read the files of `write_averages`; None without averages.json.

    Raises:
        ValueError: averages.json or a spectrum is invalid.
    """
    path = folder / RECORD
    if not path.is_file():
        return None
    record = Averages.model_validate_json(path.read_text(encoding="utf-8"))
    images = {label: np.asarray(Image.open(folder / f"{label}.png")) for label in record.classes}
    for label, image in images.items():
        if image.shape != (record.side, record.side):
            raise ValueError(f"{label}.png is not of {record.side} x {record.side} levels of grey")
    return ClassSpectra(record, images)


# Larger pictures are cropped to the centre: scaling would remove the traces.
_LARGEST = 512
_MOST_PEAKS = 24
# Noise rises 1.4 above its neighbourhood once in a picture, honest photographs seldom 1.9.
_PEAK = 2.0
_AROUND = 9


class Peak(BaseModel):
    """A regular pattern."""

    across: float = Field(description="cycles per pixel, from left to right, -0.5 to 0.5")
    down: float = Field(description="cycles per pixel, from top to bottom, -0.5 to 0.5")
    period: float = Field(description="pixels")
    height: float = Field(description="log-amplitude above its neighbourhood")
    jpeg_grid: bool = Field(description="true if JPEG's 8-pixel blocks cause this frequency too")


class Spectrum(BaseModel):
    """Spectrum statistics; `radial` profiles are mean log-amplitudes from 0 to half a cycle."""

    side: int = Field(description="side of the analysed centre square, in pixels")
    peaks: list[Peak] = Field(description=f"strongest first, at most {_MOST_PEAKS}")
    low: float = Field(description="log-amplitude of level 0 in `own`")
    high: float = Field(description="log-amplitude of level 255 in `own`")
    radial: list[float] = Field(description=f"of the whole image at {SIDE} x {SIDE}")
    class_radial: dict[ClassName, list[float]]
    data: str | None = Field(description="name of the averages' data set")
    pictures: dict[ClassName, int] = Field(description="number of images in each average")


def spectrum(pixels: Bytes, averages: ClassSpectra | None = None) -> View:
    """Log-spectra of uint8 RGB (height, width, 3).

    `own` is the centre square at full resolution, which shows periodic traces; `whole` is the
    image at the size and scale of the class averages (`Real`, `Fake`).
    """
    side = min(_LARGEST, *pixels.shape[:2])
    own = log_spectrum(_middle(pixels, side))
    low, high = np.percentile(own, [1, 99.9]).tolist()
    images = {"own": common.levels(own, low, high)}
    whole = log_spectrum(imaging.resize(pixels, InputSpec(height=SIDE, width=SIDE)))
    classes: dict[ClassName, list[float]] = {}
    if averages:
        record = averages.record
        classes = {label: average.radial for label, average in record.classes.items()}
        images["whole"] = common.levels(whole, record.low, record.high)
        images |= {str(label): image for label, image in averages.images.items()}
    numbers = Spectrum(
        side=side,
        peaks=peaks(own),
        low=round(low, 4),
        high=round(high, 4),
        radial=rounded(measures.radial_profile(whole)),
        class_radial=classes,
        data=averages.record.data if averages else None,
        pictures={label: average.pictures for label, average in averages.record.classes.items()}
        if averages
        else {},
    )
    return View("spectrum", images, numbers)


def log_spectrum(pixels: Bytes) -> Floats:
    """Like `measures.log_spectra` for one image, without scipy: (h, w, 3) to (h, w)."""
    grey = measures.to_grey(pixels[None])
    amplitudes = np.abs(np.fft.fft2(measures.windowed_laplacian(grey)[0], s=grey.shape[1:]))
    return np.asarray(np.fft.fftshift(np.log1p(amplitudes)), np.float32)


def peaks(log_amplitudes: Floats) -> list[Peak]:
    """Local peaks of a centred square spectrum (n, n).

    The spectrum is symmetric, so only one half is searched.
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
    """One of each pair of opposite points, without the centre, which the window shapes."""
    rows, columns = np.indices((side, side)) - side // 2
    half = (rows < 0) | ((rows == 0) & (columns > 0))
    return np.asarray(half & (np.hypot(rows, columns) > max(6, 0.04 * side)))


def _middle(pixels: Bytes, side: int) -> Bytes:
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return pixels[top : top + side, left : left + side]
