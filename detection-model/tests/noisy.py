"""A noisy grey picture and the face that is said to be in it: what is pasted there differs."""

import numpy as np
from numpy.typing import NDArray

from detection_model.faces import Face

SIDE = 120
POINTS = np.asarray([[42, 50], [78, 50], [60, 66], [60, 82], [25, 56], [95, 56]], np.float32)
FACE = Face(28, 28, 92, 92, 0.9, POINTS)


def pixels_of(colour: int, seed: int = 0) -> NDArray[np.uint8]:
    """A noisy grey picture: what is pasted into it differs from it."""
    noise = np.random.default_rng(seed).normal(colour, 8, (SIDE, SIDE, 3))
    return np.clip(noise, 0, 255).astype(np.uint8)
