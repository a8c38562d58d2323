"""Cheap measures of a cut-out, by which it is compared with the training pictures."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model.card import MeasureName

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

# Pixels a side at which all is measured: what a model sees, whatever the file's resolution.
SIDE = 224
# A pixel is flat where it differs from its neighbours by no more, of 255.
_FLAT = 1


def measure(pixels: Bytes, names: Sequence[MeasureName]) -> Floats:
    """The named measures of uint8 RGB (h, w, 3) as float64 (n,).

    luminance, contrast: mean and standard deviation of luma, in [0, 255]. sharpness: log of the
    mean squared Laplacian. saturation: mean of HSV's, in [0, 255]. flat_share: of pixels like both
    neighbours. spectrum_slope: of log power over log frequency; about -2 in photographs (Field,
    "Relations between the statistics of natural images", 1987).
    """
    image = Image.fromarray(pixels)
    if image.size != (SIDE, SIDE):
        image = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2)
    luma = np.asarray(image.convert("L"), np.float32)
    return np.array([_MEASURES[name](image, luma) for name in names], np.float64)


def _sharpness(_image: Image.Image, luma: NDArray[np.float32]) -> float:
    inner = luma[1:-1, 1:-1]
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * inner
    return float(np.log(np.mean(laplacian**2) + 0.1))


def _saturation(image: Image.Image, _luma: NDArray[np.float32]) -> float:
    return float(np.asarray(image.convert("HSV"))[..., 1].mean())


def _flat_share(_image: Image.Image, luma: NDArray[np.float32]) -> float:
    across = np.abs(np.diff(luma, axis=1))[:-1] <= _FLAT
    down = np.abs(np.diff(luma, axis=0))[:, :-1] <= _FLAT
    return float((across & down).mean())


def _spectrum_slope(_image: Image.Image, luma: NDArray[np.float32]) -> float:
    window = np.hanning(SIDE).astype(np.float32)
    power = np.abs(np.fft.rfft2((luma - luma.mean()) * np.outer(window, window))) ** 2
    rings = np.bincount(_RING.ravel(), power.ravel(), minlength=SIDE) / _RING_SIZE
    return float(np.polyfit(_LOG_FREQUENCY, np.log(rings[_FIRST:_LAST] + 1), 1)[0])


# Rings of equal frequency; the outermost and the innermost few tell of the frame, not the picture.
_FIRST, _LAST = 4, SIDE // 2
_RING = np.rint(
    np.hypot(*np.meshgrid(np.arange(SIDE // 2 + 1), np.fft.fftfreq(SIDE, 1 / SIDE)))
).astype(np.int64)
_RING_SIZE = np.maximum(np.bincount(_RING.ravel(), minlength=SIDE), 1)
_LOG_FREQUENCY = np.log(np.arange(_FIRST, _LAST))

_MEASURES: dict[MeasureName, Callable[[Image.Image, NDArray[np.float32]], float]] = {
    "luminance": lambda _image, luma: float(luma.mean()),
    "contrast": lambda _image, luma: float(luma.std()),
    "sharpness": _sharpness,
    "saturation": _saturation,
    "flat_share": _flat_share,
    "spectrum_slope": _spectrum_slope,
}
NAMES: tuple[MeasureName, ...] = tuple(_MEASURES)
