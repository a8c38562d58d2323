"""How far a cut-out is from the training pictures, in a few cheap measures."""

import numpy as np
from numpy.typing import NDArray

from detection_model.card import Scope
from detection_model.inference.ood.measures import measure


def squared_distance(pixels: NDArray[np.uint8], scope: Scope) -> float:
    """Squared Mahalanobis distance of uint8 RGB (h, w, 3) from the training pictures."""
    off = measure(pixels, scope.measures) - np.asarray(scope.centre)
    return float(off @ np.asarray(scope.precision) @ off)
