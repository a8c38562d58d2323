"""Writes the figures of the published models into README.md: `make results`.

The table stands between two comments and is made from models/*.eval/metrics.json alone.
"""

import sys
from pathlib import Path

from detection_model.evaluation.records import METRICS, Evaluation, EvaluationRow

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BEGIN, END = "<!-- results: made by `make results` -->", "<!-- end of results -->"
_COLUMNS = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "auc": "AUC",
    "ece": "ECE",
}


def table() -> str:
    """Markdown table: a row for each model, data set and delivery."""
    heads = ["model", "test on", "right", *_COLUMNS.values()]
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |"]
    for path in sorted((ROOT / "detection-model" / "models").glob(f"*.eval/{METRICS}")):
        evaluation = Evaluation.model_validate_json(path.read_bytes())
        lines += [_line(evaluation.model, row) for row in evaluation.rows]
    return "\n".join(lines)


def _line(model: str, row: EvaluationRow) -> str:
    tested = f"{row.generator or row.dataset}, {row.n_real} real + {row.n_fake} fake"
    cells = [model, tested, f"{row.confusion.correct} of {row.confusion.total}"]
    for name in _COLUMNS:
        found = row.metrics[name]
        cells.append(f"{found.value:.3f} ({found.low:.3f}–{found.high:.3f})")
    return "| " + " | ".join(cells) + " |"


def updated(text: str) -> str:
    """The README's text with the table of now."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    text = README.read_text()
    if "--check" in sys.argv and updated(text) != text:
        sys.exit("README.md is not current: run `make results`")
    README.write_text(updated(text))
