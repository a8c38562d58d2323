"""Figures of evaluations: curves, confusion matrices, and AUC by row."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from detection_model.evaluation.evaluate import Result, label
from detection_model.evaluation.records import Confusion, Curve, Curves, EvaluationRow
from detection_model.figures import colour, new_figure

_OVER_THRESHOLD = {
    "accuracy": "accuracy",
    "real_accuracy": "accuracy on real",
    "fake_accuracy": "accuracy on fake",
    "f1": "F1",
}


def save_plots(result: Result, folder: Path) -> list[Path]:
    """Write the figures of an evaluation as PNG; rows with a single class have no curves."""
    both = [row for row in result.evaluation.rows if row.n_real and row.n_fake]
    by_row = {label(row): result.curves(row) for row in both if row.delivery == result.row.delivery}
    model = result.evaluation.model
    figures = {"confusion": confusion_figure({model: result.row.confusion})}
    if by_row:
        first = {model: result.curves()}
        figures |= {
            "roc": roc_figure(by_row),
            "precision-recall": precision_recall_figure(by_row),
            "reliability": reliability_figure(first),
            "threshold": threshold_figure(first[model], result.evaluation.threshold),
            "rows": rows_figure(both),
        }
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png")
    return [folder / f"{name}.png" for name in figures]


def roc_figure(curves: Mapping[str, Curves]) -> Figure:
    """ROC curves of named models; the dashed line is chance."""
    figure, axes = _unit_square("false positive rate", "true positive rate")
    axes.plot([0, 1], [0, 1], "--", color="grey", linewidth=1)
    _draw(axes, {name: curve.roc for name, curve in curves.items()})
    axes.legend(loc="lower right")
    return figure


def precision_recall_figure(curves: Mapping[str, Curves]) -> Figure:
    """Precision-recall curves of named models."""
    figure, axes = _unit_square("recall", "precision")
    _draw(axes, {name: curve.precision_recall for name, curve in curves.items()})
    axes.legend(loc="lower left")
    return figure


def reliability_figure(curves: Mapping[str, Curves]) -> Figure:
    """Reliability diagram in 15 bins; the dashed line is perfect calibration."""
    figure, axes = _unit_square("mean probability of Fake", "share of fakes")
    axes.plot([0, 1], [0, 1], "--", color="grey", linewidth=1)
    _draw(axes, {name: curve.reliability for name, curve in curves.items()}, marker="o")
    axes.legend(loc="upper left")
    return figure


def threshold_figure(curves: Curves, threshold: float) -> Figure:
    """Metrics over the threshold; the dotted line is the threshold in use."""
    figure, axes = _unit_square("threshold", "share")
    _draw(axes, {name: curves.thresholds[metric] for metric, name in _OVER_THRESHOLD.items()})
    axes.axvline(threshold, linestyle=":", color="black", linewidth=1)
    axes.legend(loc="lower center")
    return figure


def rows_figure(rows: Sequence[EvaluationRow]) -> Figure:
    """AUC of each row with its 95 % interval; the dashed line is chance."""
    figure, (axes,) = new_figure(1, width=6.4, height=1.2 + 0.25 * len(rows))
    for position, row in enumerate(rows):
        auc = row.metrics["auc"]
        axes.plot([auc.low, auc.high], [position, position], color=colour(0))
        axes.plot(auc.value, position, "o", color=colour(0))
    axes.axvline(0.5, linestyle="--", color="grey", linewidth=1)
    axes.set(xlabel="AUC", yticks=range(len(rows)), ylim=(len(rows) - 0.5, -0.5))
    axes.set_yticklabels([label(row) for row in rows])
    axes.grid(alpha=0.3, axis="x")
    return figure


def confusion_figure(confusions: Mapping[str, Confusion]) -> Figure:
    """A confusion matrix for each model, shaded by share of the row."""
    figure, matrices = new_figure(len(confusions), width=2.7, height=2.7)
    for axes, (name, confusion) in zip(matrices, confusions.items(), strict=True):
        counts = np.asarray(
            [
                [confusion.true_real, confusion.false_fake],
                [confusion.missed_fake, confusion.true_fake],
            ]
        )
        shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(counts):
            ink = "white" if shares[row, column] > 0.6 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=ink, fontsize=13)
        axes.set(title=name, xticks=[0, 1], yticks=[0, 1])
        axes.set_xticklabels(["called Real", "called Fake"])
        axes.set_yticklabels(["is Real", "is Fake"])
    return figure


def _unit_square(x: str, y: str) -> tuple[Figure, Axes]:
    figure, (axes,) = new_figure(1, width=4.6, height=4.2)
    axes.set(xlabel=x, ylabel=y, aspect="equal", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.grid(alpha=0.3)
    return figure, axes


def _draw(axes: Axes, curves: Mapping[str, Curve], **style: str) -> None:
    for position, (name, curve) in enumerate(curves.items()):
        axes.plot(curve.x, curve.y, color=colour(position), label=name, **style)  # type: ignore[arg-type]
