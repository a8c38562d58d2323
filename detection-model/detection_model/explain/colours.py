"""The two colour maps of heat maps, as tables: what draws them need not have matplotlib.

Viridis (van der Walt & Smith, 2015, CC0) is perceptually even: twice the heat looks like twice,
also to most colour-blind people and in grey. Jet is what people know; it makes edges of its own.
"""

from functools import cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Colours = Literal["viridis", "jet"]
COLOURS: tuple[Colours, ...] = get_args(Colours)

# Every fifth of its 256 colours.
_VIRIDIS = (
    "44015446085c471063481769481d6f482475472a7a46307e453781433d844142873f48893d4e8a3a538b"
    "38598c355e8d33638d31688e2e6d8e2c718e2a768e297b8e27808e25848e23898e218e8d20928c1f978b"
    "1e9c891fa18821a58524aa8328ae802eb37c35b7793dbc7446c06f50c46a5ac86465cb5e70cf577cd250"
    "89d54895d840a2da37b0dd2fbddf26cae11fd8e219e5e419f1e51dfde725"
)
# Where red, green and blue bend, and how much of them is there.
_JET = (
    ((0, 0.35, 0.66, 0.89, 1), (0, 0, 1, 1, 0.5)),
    ((0, 0.125, 0.375, 0.64, 0.91, 1), (0, 0, 1, 1, 0, 0)),
    ((0, 0.11, 0.34, 0.65, 1), (0.5, 1, 1, 0, 0)),
)


@cache
def table(colours: Colours) -> NDArray[np.uint8]:
    """Uint8 RGB (256, 3), from no heat to most, within 1.5 of matplotlib's. Not to be altered."""
    at = np.arange(256)
    if colours == "jet":
        channels = [np.interp(at / 255, bends, shares) * 255 for bends, shares in _JET]
    else:
        known = np.frombuffer(bytes.fromhex(_VIRIDIS), np.uint8).reshape(-1, 3)
        channels = [np.interp(at, np.arange(0, 256, 5), known[:, i]) for i in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def stops(colours: Colours, count: int = 9) -> list[str]:
    """Evenly spaced colours as #rrggbb, for the gradient of a legend on a page."""
    rows = table(colours)[np.linspace(0, 255, count).round().astype(int)]
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in rows]
