"""Evaluations as tables for the terminal and notebooks, and as figures. Needs rich, matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from detection_model.evaluation.comparison import Agreement, Difference
from detection_model.evaluation.evaluate import Result, label
from detection_model.evaluation.records import (
    Confusion,
    Curve,
    Curves,
    Estimate,
    EvaluationRow,
    Gain,
    Published,
)
from detection_model.evaluation.scoring import FolderVerdicts
from detection_model.figures import colour, new_figure

_NAMES = {
    "f1": "F1",
    "real_accuracy": "accuracy on real",
    "fake_accuracy": "accuracy on fake",
    "auc": "AUC",
    "eer": "EER",
    "tpr_at_fpr_1": "TPR at 1 % FPR",
    "tpr_at_fpr_5": "TPR at 5 % FPR",
    "ece": "ECE",
    "brier": "Brier score",
}


def models_table(models: Mapping[str, Published]) -> Table:
    """Table of models: architecture, parameters, file size, training."""
    table = Table("model", "architecture", "parameters", "file", "epochs", "trained on", width=98)
    for name, model in models.items():
        card, training = model.card, model.card.training
        counts = training.examples if training else {}
        table.add_row(
            name,
            card.architecture,
            f"{card.parameters:,}" if card.parameters is not None else None,
            f"{model.path.stat().st_size / 1e6:.1f} MB" if model.path.exists() else None,
            str(training.epochs) if training else None,
            f"{counts.get('train/Real', 0)} real + {counts.get('train/Fake', 0)} fake",
        )
    return table


def metrics_table(rows: Mapping[str, EvaluationRow]) -> Table:
    """A column for each model: sample sizes, then each metric with its 95 % interval."""
    table = Table("metric", *rows)
    table.add_row("pictures", *(f"{row.n_real} real + {row.n_fake} fake" for row in rows.values()))
    table.add_row(
        "right", *(f"{row.confusion.correct} of {row.confusion.total}" for row in rows.values())
    )
    return _with_estimates(table, {name: row.metrics for name, row in rows.items()})


def estimates_table(metrics: Mapping[str, Mapping[str, Estimate]], title: str) -> Table:
    """A column for each model, a line for each metric."""
    return _with_estimates(Table("metric", *metrics, title=title), metrics)


def differences_table(differences: Sequence[Difference]) -> Table:
    """A line for each pair and metric, with the paired 95 % interval."""
    table = Table("second less first", "metric", "difference", "real")
    for row in differences:
        pair = f"{row.second} - {row.first}"
        estimate = row.difference
        interval = f"{estimate.value:+.3f} ({estimate.low:+.3f} to {estimate.high:+.3f})"
        table.add_row(pair, _name(row.metric), interval, "yes" if row.real else "no")
    return table


def gains_table(gains: Sequence[Gain]) -> Table:
    """A line for each split: calibration errors before and after."""
    table = Table("measured on", "pictures", "ECE", "Brier", "NLL", title="before → after")
    for gain in gains:
        cells = [
            f"{before:.4f} → {after:.4f}"
            for before, after in zip(
                gain.before.model_dump().values(), gain.after.model_dump().values(), strict=True
            )
        ]
        where = gain.split + (" (fitted on)" if gain.fitted_here else "")
        table.add_row(where, str(gain.n_real + gain.n_fake), *cells)
    return table


def agreement_table(agreement: Agreement) -> Table:
    """Numbers of pictures that 0, 1, … models get wrong, and on which all agree."""
    pictures = agreement.pictures
    models = len(pictures[0].calls) if pictures else 0
    table = Table("models that are wrong", "pictures", title=f"{len(pictures)} pictures")
    for wrong in range(models + 1):
        table.add_row(f"{wrong} of {models}", str(sum(p.errors == wrong for p in pictures)))
    table.add_section()
    table.add_row("all agree", str(sum(picture.unanimous for picture in pictures)))
    return table


def pairs_table(agreement: Agreement) -> Table:
    """McNemar's exact test of each pair of models."""
    table = Table("pair", "only the first is right", "only the second is right", "p")
    for pair in agreement.pairs:
        table.add_row(
            f"{pair.first}, {pair.second}",
            str(pair.only_first_right),
            str(pair.only_second_right),
            f"{pair.p_value:.3f}",
        )
    return table


def verdicts_table(results: FolderVerdicts) -> Table:
    """Every picture with each model's class and probability of Fake, and totals of Fake."""
    table = Table("picture", *results.models, "call it Fake")
    for file, by_model in results.verdicts.items():
        calls = [verdict.prediction for verdict in by_model.values()]
        cells = [f"{verdict.prediction} ({verdict.fake:.2f})" for verdict in by_model.values()]
        table.add_row(file, *cells, f"{calls.count('Fake')} of {len(calls)}")
    table.add_section()
    total = len(results.verdicts)
    table.add_row(
        "called Fake", *(f"{results.fakes(model)} of {total}" for model in results.models), ""
    )
    return table


def _with_estimates(table: Table, metrics: Mapping[str, Mapping[str, Estimate]]) -> Table:
    """Add a line for each metric that any column has."""
    for metric in dict.fromkeys(metric for estimates in metrics.values() for metric in estimates):
        cells = [
            f"{e.value:.3f} ({e.low:.3f}–{e.high:.3f})" if (e := estimates.get(metric)) else ""
            for estimates in metrics.values()
        ]
        table.add_row(_name(metric), *cells)
    return table


def _name(metric: str) -> str:
    return _NAMES.get(metric, metric.replace("_", " "))


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
