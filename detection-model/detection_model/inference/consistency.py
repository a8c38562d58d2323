"""Whether a verdict holds when the picture is changed as little as any sharing changes it."""

import io
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model.card import Calibrator, Steadiness
from detection_model.inference.probability import calibrate, calibrated_logit, log_odds
from detection_model.inference.verdict import Change, Stability, side

Bytes = NDArray[np.uint8]
# ConsistencyMode a verdict is tried: where it is close, always, or never.
ConsistencyMode = Literal["auto", "always", "never"]

# Pixels of the longer side.
_LONGEST = 512
# Pixels of a shift, as a share of the shorter side.
_SHIFT = 1 / 64
_QUALITY = 60
# In calibrated log-odds, where the card does not say how far small changes move the model.
_USUAL_REACH = 1.0


class Perturbation(NamedTuple):
    """A small change: uint8 RGB (h, w, 3) to the same of about that size, or to smaller ones."""

    label: str
    change: Callable[[Bytes], Bytes]

    def apply(self, pixels: Bytes) -> Bytes:
        """The picture changed; a large one is scaled down before, as where pictures are shared."""
        return self.change(_no_larger(pixels))


def is_close(
    logit: float, calibrator: Calibrator, threshold: float, steadiness: Steadiness | None
) -> bool:
    """Whether a small change could turn the verdict, by how far such changes move the model."""
    reach = steadiness.reach if steadiness else _USUAL_REACH
    return abs(calibrated_logit(logit, calibrator) - log_odds(threshold)) <= reach


def check_consistency(
    logit: float, changed: Mapping[str, float], calibrator: Calibrator, threshold: float
) -> Stability:
    """What became of the side of the threshold.

    Args:
        logit: of the picture itself.
        changed: logits by the names of `PERTURBATIONS`.
        calibrator: of the card.
        threshold: in force.
    """
    changes = []
    for name, moved in changed.items():
        fake = calibrate(moved, calibrator)
        label, prediction = PERTURBATIONS[name].label, side(fake, threshold)
        changes.append(Change(change=name, label=label, fake=fake, prediction=prediction))
    own = side(calibrate(logit, calibrator), threshold)
    return Stability(stable=all(one.prediction == own for one in changes), changes=changes)


def _no_larger(pixels: Bytes) -> Bytes:
    height, width = pixels.shape[:2]
    scale = _LONGEST / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return _resized(pixels, size)


def _jpeg(pixels: Bytes) -> Bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=_QUALITY)
    return np.asarray(Image.open(file).convert("RGB"))


def _half_size(pixels: Bytes) -> Bytes:
    height, width = pixels.shape[:2]
    half = _resized(pixels, (max(1, width // 2), max(1, height // 2)))
    return _resized(half, (width, height))


def _shift(pixels: Bytes) -> Bytes:
    """By a few pixels up and to the left, which leave the picture."""
    step = max(1, round(min(pixels.shape[:2]) * _SHIFT))
    return pixels[step:, step:]


def _flip(pixels: Bytes) -> Bytes:
    return np.ascontiguousarray(pixels[:, ::-1])


def _resized(pixels: Bytes, size: tuple[int, int]) -> Bytes:
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


PERTURBATIONS: dict[str, Perturbation] = {
    "jpeg_60": Perturbation(f"saved as JPEG of quality {_QUALITY}", _jpeg),
    "half_size": Perturbation("scaled to half its size and back", _half_size),
    "shift": Perturbation("shifted by a few pixels", _shift),
    "flip": Perturbation("mirrored", _flip),
}
