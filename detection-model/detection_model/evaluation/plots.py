"""Figures of evaluations: ROC curves over each other, confusion matrices side by side."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from detection_model.evaluation.records import Confusion, Curves
from detection_model.figures import colour, new_figure


def roc_figure(curves: Mapping[str, Curves]) -> Figure:
    """ROC curves of named models; the dashed line is guessing."""
    figure, (axes,) = new_figure(1, width=4.6, height=4.2)
    axes.plot([0, 1], [0, 1], "--", color="grey", linewidth=1)
    for position, (name, found) in enumerate(curves.items()):
        axes.plot(found.roc.x, found.roc.y, color=colour(position), label=name)
    axes.set(
        xlabel="share of real pictures called Fake",
        ylabel="share of fakes found",
        aspect="equal",
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    return figure


def confusion_figure(confusions: Mapping[str, Confusion]) -> Figure:
    """A matrix of counts a model, shaded by their share of the row."""
    figure, matrices = new_figure(len(confusions), width=2.7, height=2.7)
    for axes, (name, found) in zip(matrices, confusions.items(), strict=True):
        counts = np.asarray(
            [[found.true_real, found.false_fake], [found.missed_fake, found.true_fake]]
        )
        shares = counts / counts.sum(axis=1, keepdims=True)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(counts):
            ink = "white" if shares[row, column] > 0.6 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=ink, fontsize=13)
        axes.set(title=name, xticks=[0, 1], yticks=[0, 1])
        axes.set_xticklabels(["called Real", "called Fake"])
        axes.set_yticklabels(["is Real", "is Fake"])
    return figure
