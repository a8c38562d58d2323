"""Common style of all figures: small, white, with colours that colour-blind people can distinguish.

Figures are created without pyplot, which keeps global state. Needs matplotlib.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from detection_model.card import ClassName

# Okabe & Ito, "Color Universal Design" (2008).
CLASS_COLOURS: dict[ClassName, str] = {"Real": "#0072B2", "Fake": "#D55E00"}
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DPI = 75


def new_figure(
    columns: int, rows: int = 1, *, width: float = 3.6, height: float = 3.0
) -> tuple[Figure, list[Axes]]:
    """A figure and its axes, row by row; width and height are per axes, in inches."""
    figure = Figure(
        figsize=(columns * width, rows * height), dpi=DPI, facecolor="white", layout="constrained"
    )
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.flat)


def colour(position: int) -> str:
    """Colour of the model at a position; colours repeat after six."""
    return COLOURS[position % len(COLOURS)]
