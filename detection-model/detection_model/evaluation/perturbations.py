"""The perturbations of the robustness evaluation, by name and strength.

Pure functions on uint8 RGB (height, width, 3); the same image and seed give the same result.
The strengths are those of Wang et al., "CNN-generated images are surprisingly easy to spot"
(CVPR 2020), and its followers, widened.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from detection_model import perturb

Bytes = NDArray[np.uint8]
Delivery = Callable[[Bytes, np.random.Generator], Bytes]

ORIGINAL = "original"


def deliver(name: str, pixels: Bytes, sha256: str, seed: int = 0) -> Bytes:
    """A picture as it arrives; chance follows the seed and the file's SHA-256.

    Raises:
        KeyError: no such delivery.
    """
    rng = np.random.default_rng([seed, int(sha256[:16], 16)])
    return DELIVERIES[name](pixels, rng)


def in_sweeps(names: Sequence[str]) -> list[str]:
    """The deliveries of the named sweeps, weakest first; `all` is every sweep.

    Raises:
        KeyError: no such sweep.
    """
    chosen = SWEEPS if "all" in names else names
    return list(dict.fromkeys(delivery for name in chosen for delivery in SWEEPS[name]))


def _alike(pixels: Bytes, *, side: int, quality: int) -> Bytes:
    """Crop to a square of one size and save as JPEG: size and encoding no longer tell classes."""
    square = ImageOps.fit(Image.fromarray(pixels), (side, side), Image.Resampling.BILINEAR)
    return perturb.jpeg(np.asarray(square), quality)


def _fixed(function: Callable[..., Bytes], **strength: float) -> Delivery:
    return lambda pixels, _rng: function(pixels, **strength)


def _random(function: Callable[..., Bytes], **strength: float) -> Delivery:
    return lambda pixels, rng: function(pixels, rng=rng, **strength)


SWEEPS: dict[str, dict[str, Delivery]] = {
    "jpeg": {f"jpeg-q{q}": _fixed(perturb.jpeg, quality=q) for q in (100, 90, 75, 60, 40)},
    "blur": {f"blur-{s:g}": _fixed(perturb.blur, sigma=s) for s in (0.5, 1, 2, 3)},
    "resize": {f"resize-{f:g}": _fixed(perturb.scale, factor=f) for f in (0.75, 0.5, 0.25)},
    "noise": {f"noise-{s}": _random(perturb.noise, std=s) for s in (2, 5, 10)},
    "occlusion": {f"occlusion-{s:g}": _random(perturb.occlude, share=s) for s in (0.05, 0.1, 0.2)},
    "lighting": {
        **{f"gamma-{e:g}": _fixed(perturb.gamma, exponent=e) for e in (0.5, 0.75, 1.5, 2)},
        **{f"shade-{d:g}": _random(perturb.shade, darkest=d) for d in (0.6, 0.3)},
    },
    "alike": {"alike": _fixed(_alike, side=224, quality=75)},
}
DELIVERIES: dict[str, Delivery] = {
    ORIGINAL: lambda pixels, _rng: pixels,
    **{name: found for sweep in SWEEPS.values() for name, found in sweep.items()},
}
