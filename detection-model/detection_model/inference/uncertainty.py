"""Uncertainty of a verdict beyond its probability: consistency and out-of-distribution checks.

The consistency check asks if small, label-preserving perturbations flip the verdict. The idea is
test-time augmentation: a verdict that a re-save or a mirror image turns is no verdict.

The out-of-distribution checks are cheap rules on uint8 RGB (h, w, 3) with NumPy and Pillow alone:
a face too small, a blank crop, a drawing, unlike the training data.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model import perturb
from detection_model.card import Calibrator, Card, MeasureName, Scope, Steadiness
from detection_model.inference.crops import Crop
from detection_model.inference.probability import calibrate, calibrated_logit, log_odds
from detection_model.inference.verdict import Change, Reason, Stability, side
from detection_model.perturb import Bytes

# When to check: only close to the threshold, always, or never.
ConsistencyMode = Literal["auto", "always", "never"]

_MAX_SIDE = 512
_QUALITY = 60
# Pixels of a shift, as a share of the shorter side.
_SHIFT = 1 / 64
# In calibrated log-odds, for cards that do not state their reach.
_DEFAULT_REACH = 1.0


class Perturbation(NamedTuple):
    """A small change of uint8 RGB (h, w, 3) that keeps its size up to a few pixels."""

    label: str
    change: Callable[[Bytes], Bytes]


PERTURBATIONS: dict[str, Perturbation] = {
    "jpeg_60": Perturbation(
        f"saved as JPEG of quality {_QUALITY}", lambda pixels: perturb.jpeg(pixels, _QUALITY)
    ),
    "half_size": Perturbation(
        "scaled to half its size and back",
        lambda pixels: perturb.resample(
            pixels, (max(1, pixels.shape[1] // 2), max(1, pixels.shape[0] // 2))
        ),
    ),
    "shift": Perturbation(
        "shifted by a few pixels",
        lambda pixels: perturb.shift(pixels, max(1, round(min(pixels.shape[:2]) * _SHIFT))),
    ),
    "flip": Perturbation("mirrored", perturb.flip),
}


def perturbed_crops(crop: Crop) -> dict[str, Crop]:
    """The crop with each of `PERTURBATIONS`; first scaled once to at most 512 pixels."""
    small = crop.perturbed(_shrink)
    return {name: small.perturbed(each.change) for name, each in PERTURBATIONS.items()}


def _shrink(pixels: Bytes) -> Bytes:
    """The image with a longer side of at most 512 pixels, as where images are shared."""
    longer = max(pixels.shape[:2])
    if longer <= _MAX_SIDE:
        return pixels
    return perturb.scale(pixels, _MAX_SIDE / longer, Image.Resampling.BICUBIC)


def is_close(
    logit: float, calibrator: Calibrator, threshold: float, steadiness: Steadiness | None
) -> bool:
    """True if a small perturbation could flip the verdict.

    Args:
        logit: of the image, before calibration.
        calibrator: of the card.
        threshold: in force, on the calibrated probability of Fake.
        steadiness: of the card: how far small perturbations move this model.
    """
    reach = steadiness.reach if steadiness else _DEFAULT_REACH
    return abs(calibrated_logit(logit, calibrator) - log_odds(threshold)) <= reach


def check_consistency(
    logit: float, perturbed: Mapping[str, float], calibrator: Calibrator, threshold: float
) -> Stability:
    """Compare the side of the threshold before and after each perturbation.

    Args:
        logit: of the image itself, before calibration.
        perturbed: logits by the names of `PERTURBATIONS`.
        calibrator: of the card.
        threshold: in force, on the calibrated probability of Fake.
    """
    changes = []
    for name, value in perturbed.items():
        fake = calibrate(value, calibrator)
        label, prediction = PERTURBATIONS[name].label, side(fake, threshold)
        changes.append(Change(change=name, label=label, fake=fake, prediction=prediction))
    original = side(calibrate(logit, calibrator), threshold)
    return Stability(
        stable=all(change.prediction == original for change in changes), changes=changes
    )


# Pixels of a face's longer side; BlazeFace hardly detects smaller ones.
_SMALLEST_FACE = 40
# Standard deviation of luminance, of 255; an empty wall saved as JPEG has less.
_LEAST_CONTRAST = 3.0


def out_of_distribution(crop: Crop, face_margin: float, card: Card) -> list[Reason]:
    """Reasons why a crop is out of distribution for a face model; empty if it is not.

    Args:
        crop: of a face, or the whole image.
        face_margin: crop margin in face widths.
        card: of the model.
    """
    reasons = []
    if crop.face is not None and crop.face.side < _SMALLEST_FACE:
        text = (
            f"the face is {crop.face.side:.0f} pixels large; at least {_SMALLEST_FACE} are needed"
        )
        reasons.append(Reason(code="tiny_face", message=text))
    pixels, scope = crop.pixels(face_margin), card.scope
    values = measure(pixels, ("contrast", *(scope.measures if scope else ())))
    if values[0] < _LEAST_CONTRAST:
        text = "the picture is nearly blank: almost all of it has the same brightness"
        return [*reasons, Reason(code="featureless", message=text)]
    if is_drawing(pixels):
        text = "it looks like a drawing: few colours in flat areas with hard edges"
        reasons.append(Reason(code="drawing", message=text))
    if scope is not None and squared_distance(values[1:], scope) > scope.limit:
        text = "light and detail differ from the pictures that the model was trained on"
        reasons.append(Reason(code="far_from_training", message=text))
    return reasons


# Side of the analysed thumbnail in pixels, and the margin that is ignored.
_SIDE, _FRAME = 128, 24
# Largest channel difference of neighbours, of 255: within a flat area; smallest at an edge.
_WITHIN, _ACROSS = 3, 32
# Photographs have gradients: in 240 real faces (original, blurred, small, and JPEG of quality 10
# to 75) at least 0.29 of all differences lie between the two; in drawn faces the median is 0.1.
_MOST_SHADED, _LEAST_EDGES, _LEAST_FLAT = 0.2, 0.03, 0.4


def is_drawing(pixels: NDArray[np.uint8]) -> bool:
    """True if uint8 RGB (h, w, 3) consists of flat areas with hard edges and no gradients.

    Tuned for few false alarms on photographs: drawings with soft shading, or saved as JPEG of low
    quality, are missed.
    """
    filter_ = Image.Resampling.BOX if min(pixels.shape[:2]) >= _SIDE else Image.Resampling.BILINEAR
    small = Image.fromarray(pixels).resize((_SIDE, _SIDE), filter_)
    # With one more pixel on each side, which the median takes.
    middle_with_border = small.crop(
        (_FRAME - 1, _FRAME - 1, _SIDE - _FRAME + 1, _SIDE - _FRAME + 1)
    )
    middle = median(np.asarray(middle_with_border).transpose(2, 0, 1)).astype(np.int16)
    across = np.abs(np.diff(middle, axis=2)).max(axis=0)[:-1]
    down = np.abs(np.diff(middle, axis=1)).max(axis=0)[:, :-1]
    steps = np.maximum(across, down)
    edges = (steps >= _ACROSS).mean()
    flat = (steps <= _WITHIN).mean()
    shaded = 1 - flat - edges
    return bool(shaded < _MOST_SHADED and edges >= _LEAST_EDGES and flat >= _LEAST_FLAT)


def median(planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Median of each pixel's 3x3 square in uint8 (n, h, w), as uint8 (n, h - 2, w - 2).

    It sorts each column of three. The median is that of three values of neighbouring columns: the
    largest minimum, the middle of the middles, the smallest maximum (Smith, "Implementing Median
    Filters in XC4000E FPGAs", 1996). It takes a tenth of the time of Pillow's MedianFilter.
    """
    above, here, below = planes[:, :-2], planes[:, 1:-1], planes[:, 2:]
    low, high = np.minimum(above, here), np.maximum(above, here)
    least, middle, most = (
        np.minimum(low, below),
        np.maximum(low, np.minimum(high, below)),
        np.maximum(high, below),
    )
    return _middle(
        np.maximum(np.maximum(least[..., :-2], least[..., 1:-1]), least[..., 2:]),
        _middle(middle[..., :-2], middle[..., 1:-1], middle[..., 2:]),
        np.minimum(np.minimum(most[..., :-2], most[..., 1:-1]), most[..., 2:]),
    )


def _middle(
    first: NDArray[np.uint8], second: NDArray[np.uint8], third: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """The median of three values, element by element."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    return np.maximum(low, np.minimum(high, third))


def squared_distance(values: NDArray[np.float64], scope: Scope) -> float:
    """Squared Mahalanobis distance of `scope.measures` from those of the training images."""
    off = values - np.asarray(scope.centre)
    return float(off @ np.asarray(scope.precision) @ off)


Floats = NDArray[np.float64]

# Side in pixels at which statistics are computed, whatever the file's resolution.
SIDE = 224
# Largest difference between the neighbours of a flat pixel, of 255.
_FLAT = 1


def measure(pixels: Bytes, names: Sequence[MeasureName]) -> Floats:
    """Image statistics of uint8 RGB (h, w, 3) by name, float64 (n,).

    luminance, contrast: mean and standard deviation of luma, in [0, 255]. sharpness: log of the
    mean squared Laplacian. saturation: mean HSV saturation, in [0, 255]. flat_share: share of
    flat pixels. spectrum_slope: slope of log power over log frequency, about -2 in photographs
    (Field, "Relations between the statistics of natural images", 1987).
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
    red, green, blue = (np.asarray(channel) for channel in image.split())
    most = np.maximum(np.maximum(red, green), blue)
    span = (most - np.minimum(np.minimum(red, green), blue)).astype(np.float32)
    share = np.divide(span, most, out=np.zeros_like(span), where=most > 0, dtype=np.float32)
    # Rounded down as Pillow's HSV does, which the cards' measures were fitted with.
    return float((share * 255).astype(np.uint8).mean())


def _flat_share(_image: Image.Image, luma: NDArray[np.float32]) -> float:
    across = np.abs(np.diff(luma, axis=1))[:-1] <= _FLAT
    down = np.abs(np.diff(luma, axis=0))[:, :-1] <= _FLAT
    return float((across & down).mean())


def _spectrum_slope(_image: Image.Image, luma: NDArray[np.float32]) -> float:
    spectrum = np.fft.rfft2((luma - luma.mean()) * _WINDOW)
    power = spectrum.real**2 + spectrum.imag**2
    rings = np.bincount(_RING.ravel(), power.ravel(), minlength=SIDE) / _RING_SIZE
    # The slope of the least-squares line, whose abscissas are always the same.
    return float(_SLOPE @ np.log(rings[_FIRST:_LAST] + 1))


# Rings of equal frequency; the innermost and outermost depend on the frame, not on the image.
_FIRST, _LAST = 4, SIDE // 2
_RING = np.rint(
    np.hypot(*np.meshgrid(np.arange(SIDE // 2 + 1), np.fft.fftfreq(SIDE, 1 / SIDE)))
).astype(np.int64)
_RING_SIZE = np.maximum(np.bincount(_RING.ravel(), minlength=SIDE), 1)
_HANN = np.hanning(SIDE).astype(np.float32)
_WINDOW = np.outer(_HANN, _HANN)
_OFF = np.log(np.arange(_FIRST, _LAST)) - np.log(np.arange(_FIRST, _LAST)).mean()
_SLOPE = _OFF / (_OFF @ _OFF)

_MEASURES: dict[MeasureName, Callable[[Image.Image, NDArray[np.float32]], float]] = {
    "luminance": lambda _image, luma: float(luma.mean()),
    "contrast": lambda _image, luma: float(luma.std()),
    "sharpness": _sharpness,
    "saturation": _saturation,
    "flat_share": _flat_share,
    "spectrum_slope": _spectrum_slope,
}
NAMES: tuple[MeasureName, ...] = tuple(_MEASURES)
