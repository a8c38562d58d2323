"""Whether a picture is drawn rather than photographed."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

# Pixels a side at which edges are looked at, and the frame round the middle that is left out.
_SIDE, _FRAME = 128, 24
# Largest step of a channel between neighbours, of 255: within one colour, and across an edge.
_WITHIN, _ACROSS = 3, 32
# A photograph shades: in 240 real faces, as they are, soft, small and saved as JPEG of quality 10
# to 75, at least 0.29 of all steps lie between the two; in drawn faces the median is 0.1.
_MOST_SHADED, _LEAST_EDGES, _LEAST_FLAT = 0.2, 0.03, 0.4


def is_drawing(pixels: NDArray[np.uint8]) -> bool:
    """Whether uint8 RGB (h, w, 3) is made of flat areas with hard edges and nothing between.

    Made to be wrong about few photographs: drawings that shade softly, or are saved as JPEG of
    low quality, pass.
    """
    filter_ = Image.Resampling.BOX if min(pixels.shape[:2]) >= _SIDE else Image.Resampling.BILINEAR
    small = Image.fromarray(pixels).resize((_SIDE, _SIDE), filter_)
    calm = np.asarray(small.filter(ImageFilter.MedianFilter(3)), np.int16)
    middle = calm[_FRAME:-_FRAME, _FRAME:-_FRAME]
    across = np.abs(np.diff(middle, axis=1)).max(axis=-1)[:-1]
    down = np.abs(np.diff(middle, axis=0)).max(axis=-1)[:, :-1]
    steps = np.maximum(across, down)
    edges = (steps >= _ACROSS).mean()
    flat = (steps <= _WITHIN).mean()
    shaded = 1 - flat - edges
    return bool(shaded < _MOST_SHADED and edges >= _LEAST_EDGES and flat >= _LEAST_FLAT)
