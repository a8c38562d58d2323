"""Writes the figures of the published models into README.md and LEADERBOARD.md: `make results`.

The tables are generated from models/*.eval/metrics.json and stand between two comments. The README
has one row for each model; the leaderboard has all metrics by data set and generator, then the AUC
after each perturbation.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from detection_model.card import CardError, read_beside
from detection_model.evaluation.evaluate import label, part_of, pictures
from detection_model.evaluation.records import METRICS, Evaluation, EvaluationRow

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "detection-model" / "models"
README = ROOT / "README.md"
LEADERBOARD = ROOT / "detection-model" / "LEADERBOARD.md"
BEGIN, END = "<!-- results: made by `make results` -->", "<!-- end of results -->"
_COLUMNS = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "auc": "AUC",
    "ece": "ECE",
}
_SHARES = ("of 100 real, accuses", "of 100 fakes, finds")
_UNDEFINED = "–"
# Ordinary photographs and modern generators: what people have today.
_COMMON_SET = "Broad"
Selector = Callable[[EvaluationRow], bool]


def summary(models: Path) -> str:
    """The newest model on each of its test sets, then every model on today's pictures."""
    evaluations = _evaluations(models)
    newest = evaluations[-1]
    sets = [row for row in newest.rows if row.split == "test" and _is_whole(row)]
    by_set = _table(
        [f"{newest.model} on", "pictures", "AUC", *_SHARES],
        [[row.dataset, f"{row.n_real} real + {row.n_fake} fake", *_shares(row)] for row in sets],
    )
    common = next((row for row in sets if row.dataset == _COMMON_SET), sets[0])
    by_model = _table(
        [f"on {common.dataset}", "AUC", *_SHARES],
        [
            [evaluation.model, *_shares(row)]
            for evaluation in evaluations
            for row in evaluation.rows
            if part_of(row) == part_of(common) and _is_whole(row)
        ],
    )
    return f"{by_set}\n\n{by_model}"


def _is_whole(row: EvaluationRow) -> bool:
    """True if a row covers a whole data set without a perturbation."""
    return row.delivery == "original" and row.generator is None


def _shares(row: EvaluationRow) -> list[str]:
    return [_interval(row, "auc"), _false_alarms(row), _percent(row, "fake_accuracy")]


def tables(models: Path) -> str:
    """All metrics by model, data set and generator, then the AUC after each perturbation."""
    evaluations = _evaluations(models)
    perturbed = _by_model(evaluations, _is_delivered)
    return "\n\n".join([_originals(evaluations), *([perturbed] if perturbed else [])])


def _evaluations(models: Path) -> list[Evaluation]:
    return [_read(path) for path in sorted(models.glob(f"*.eval/{METRICS}"))]


def _read(path: Path) -> Evaluation:
    try:
        return read_beside(path, Evaluation)
    except CardError as error:
        raise SystemExit(f"{path.parent.name}/{error}") from None


def _originals(evaluations: Sequence[Evaluation]) -> str:
    """A row for each model and set of pictures."""
    return _table(
        ["model", "test on", "right", *_COLUMNS.values()],
        [
            [
                evaluation.model,
                f"{_pictures(row)}, {row.n_real} real + {row.n_fake} fake",
                f"{row.confusion.correct} of {row.confusion.total}",
                *(_interval(row, name) for name in _COLUMNS),
            ]
            for evaluation in evaluations
            for row in evaluation.rows
            if row.delivery == "original"
        ],
    )


def _by_model(evaluations: Sequence[Evaluation], selects: Selector) -> str:
    """The AUC: a line for each selected row, a column for each model; empty without rows."""
    rows_by_model = {
        evaluation.model: {_pictures(row): row for row in evaluation.rows if selects(row)}
        for evaluation in evaluations
    }
    rows_by_model = {model: rows for model, rows in rows_by_model.items() if rows}
    names = dict.fromkeys(name for rows in rows_by_model.values() for name in rows)
    if not names:
        return ""
    return _table(
        ["AUC on", *rows_by_model],
        [
            [
                name,
                *(
                    _interval(rows[name], "auc") if name in rows else ""
                    for rows in rows_by_model.values()
                ),
            ]
            for name in names
        ],
    )


def _is_delivered(row: EvaluationRow) -> bool:
    return row.delivery != "original"


def _pictures(row: EvaluationRow) -> str:
    """Data set and generator of a row, with the split unless it is the test split."""
    plain = row.split == "test" and row.delivery == "original"
    return pictures(row) if plain else label(row)


def _interval(row: EvaluationRow, metric: str) -> str:
    """A metric with its 95 % interval; a dash where it is undefined."""
    estimate = row.metrics.get(metric)
    if estimate is None:
        return _UNDEFINED
    return f"{estimate.value:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"


def _percent(row: EvaluationRow, metric: str) -> str:
    estimate = row.metrics.get(metric)
    if estimate is None:
        return _UNDEFINED
    return f"{100 * estimate.value:.0f} ({100 * estimate.low:.0f}–{100 * estimate.high:.0f})"


def _false_alarms(row: EvaluationRow) -> str:
    estimate = row.metrics.get("real_accuracy")
    if estimate is None:
        return _UNDEFINED
    value, low, high = (100 * (1 - x) for x in (estimate.value, estimate.high, estimate.low))
    return f"{value:.0f} ({low:.0f}–{high:.0f})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def updated(text: str, table: str) -> str:
    """A page's text with the current tables between its two comments."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main(*, check: bool) -> None:
    """Write both pages, or exit with an error where one is not current."""
    for page, table in ((README, summary(MODELS)), (LEADERBOARD, tables(MODELS))):
        text = page.read_text()
        new = updated(text, table)
        if check and new != text:
            sys.exit(f"{page.name} is not current: run `make results`")
        if not check:
            page.write_text(new)


if __name__ == "__main__":
    main(check="--check" in sys.argv)
