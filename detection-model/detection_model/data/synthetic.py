"""Synthetic pictures to try every command without a download: patterns, not faces.

"Real" pictures are smooth gradients with soft noise; "Fake" ones add the checkerboard of naive
up-sampling, so that a small network can learn the difference.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection_model.card import ClassName

README = "README.txt"
NOTICE = "Synthetic pictures made by `detection-model synthetic`: neither faces nor deepfakes.\n"


def synthetic_picture(label: ClassName, seed: int, side: int = 256) -> NDArray[np.uint8]:
    """One picture, uint8 RGB (side, side, 3), the same for the same arguments."""
    rng = np.random.default_rng([seed, int(label == "Fake")])
    ramp = np.linspace(0, 1, side)
    mix = rng.random((2, 3))
    picture: NDArray[np.float64] = (
        60 + 130 * (mix[0] * ramp[:, None, None] + mix[1] * ramp[None, :, None]) / 2
    )
    picture = picture + rng.normal(0, 6, (side, side, 3))
    if label == "Fake":
        checker = (np.indices((side, side)) // 4).sum(axis=0) % 2
        picture = picture + 80 * (checker[..., None] - 0.5)
    return np.clip(picture, 0, 255).astype(np.uint8)


def write_synthetic(folder: Path, per_class: int, side: int = 256) -> None:
    """Write `Train`, `Validation` and `Test` with `Real` and `Fake` PNG files in each.

    Train has `per_class` pictures of each class, the other splits a quarter of that (at least 2).
    README.txt is written last and marks the set as complete.
    """
    sizes = {"Train": per_class, "Validation": max(2, per_class // 4)}
    sizes["Test"] = sizes["Validation"]
    seed = 0
    labels: tuple[ClassName, ...] = ("Real", "Fake")
    for split, size in sizes.items():
        for label in labels:
            target = folder / split / label
            target.mkdir(parents=True, exist_ok=True)
            for number in range(size):
                seed += 1
                pixels = synthetic_picture(label, seed, side)
                Image.fromarray(pixels).save(target / f"synthetic-{number:04}.png")
    (folder / README).write_text(NOTICE)


def is_synthetic(folder: Path) -> bool:
    """The folder is a complete data set written by `write_synthetic`."""
    notice = folder / README
    return notice.is_file() and notice.read_text(errors="replace") == NOTICE
