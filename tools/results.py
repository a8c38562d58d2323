"""Writes the figures of the published models into README.md and LEADERBOARD.md: `make results`.

The tables stand between two comments and are made from models/*.eval/metrics.json alone. The
README has the pictures as they lie there, the leaderboard all metrics of each generator and what
happens to pictures on the way.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from detection_model.card import CardError, read_beside
from detection_model.evaluation.records import METRICS, Evaluation, EvaluationRow
from detection_model.evaluation.rows import label, part_of, pictures

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
_NOTHING = "–"
Wanted = Callable[[Evaluation, EvaluationRow], bool]


def tables(models: Path, *, whole: bool = False) -> str:
    """Pictures as they lie there, then the AUC on each kind of them by model.

    `whole` has few rows: data sets in the first table, generators in the second. Otherwise the
    first has both, and the second what happens to pictures on their way.
    """
    found = [_read(path) for path in sorted(models.glob(f"*.eval/{METRICS}"))]
    second = _by_model(found, _is_generator if whole else _is_delivered)
    return "\n\n".join([_originals(found, whole=whole), *([second] if second else [])])


def _read(path: Path) -> Evaluation:
    try:
        return read_beside(path, Evaluation)
    except CardError as error:
        raise SystemExit(f"{path.parent.name}/{error}") from None


def _originals(found: Sequence[Evaluation], *, whole: bool) -> str:
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
            for evaluation in found
            for row in evaluation.rows
            if row.delivery == "original" and not (whole and _is_generator(evaluation, row))
        ],
    )


def _by_model(found: Sequence[Evaluation], wanted: Wanted) -> str:
    """The AUC: a line for each wanted row, a column for each model that has any; or nothing."""
    measured = {
        evaluation.model: {
            _pictures(row): row for row in evaluation.rows if wanted(evaluation, row)
        }
        for evaluation in found
    }
    measured = {model: rows for model, rows in measured.items() if rows}
    names = dict.fromkeys(name for rows in measured.values() for name in rows)
    if not names:
        return ""
    return _table(
        ["AUC on", *measured],
        [
            [
                name,
                *(
                    _interval(rows[name], "auc") if name in rows else ""
                    for rows in measured.values()
                ),
            ]
            for name in names
        ],
    )


def _is_delivered(_evaluation: Evaluation, row: EvaluationRow) -> bool:
    return row.delivery != "original"


def _is_generator(evaluation: Evaluation, row: EvaluationRow) -> bool:
    """It holds the fakes of one generator out of several: the first row of a part holds all."""
    first = next(one for one in evaluation.rows if part_of(one) == part_of(row))
    return row.delivery == "original" and row is not first


def _pictures(row: EvaluationRow) -> str:
    """What a row was measured on; the split is said where it is not that for tests."""
    plain = row.split == "test" and row.delivery == "original"
    return pictures(row) if plain else label(row)


def _interval(row: EvaluationRow, metric: str) -> str:
    """A metric with its interval; a dash where it is not defined, as without real pictures."""
    found = row.metrics.get(metric)
    return f"{found.value:.3f} ({found.low:.3f}–{found.high:.3f})" if found else _NOTHING


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def updated(text: str, models: Path = MODELS, *, whole: bool = False) -> str:
    """A page's text with the tables of now."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{tables(models, whole=whole)}\n{END}{after}"


def main(*, check: bool) -> None:
    """Write both pages, or stop where one is not current."""
    for page in (README, LEADERBOARD):
        text = page.read_text()
        new = updated(text, whole=page == README)
        if check and new != text:
            sys.exit(f"{page.name} is not current: run `make results`")
        if not check:
            page.write_text(new)


if __name__ == "__main__":
    main(check="--check" in sys.argv)
