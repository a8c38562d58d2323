"""Checks whether small, label-preserving perturbations flip the verdict.

The idea is test-time augmentation: a verdict that a re-save or a mirror image turns is no verdict.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from PIL import Image

from detection_model import perturb
from detection_model.card import Calibrator, Steadiness
from detection_model.inference.probability import calibrate, calibrated_logit, log_odds
from detection_model.inference.verdict import Change, Stability, side
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

    def apply(self, pixels: Bytes) -> Bytes:
        """The perturbed image; first scaled to at most 512 pixels, as where images are shared."""
        longer = max(pixels.shape[:2])
        if longer > _MAX_SIDE:
            pixels = perturb.scale(pixels, _MAX_SIDE / longer, Image.Resampling.BICUBIC)
        return self.change(pixels)


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
