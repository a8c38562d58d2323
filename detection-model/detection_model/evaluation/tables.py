"""Evaluations as tables for notebooks and the terminal. Needs rich."""

from collections.abc import Mapping, Sequence

from rich.table import Table

from detection_model.evaluation.comparison import Agreement, Difference
from detection_model.evaluation.records import Estimate, EvaluationRow, Gain, Published
from detection_model.evaluation.scoring import FolderVerdicts

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
