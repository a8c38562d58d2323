"""Files of `models/<name>.eval/`: metrics.json, curves.json, predictions.csv, report.txt.

The positive class is always Fake. predictions.csv is the source of the other files. `delivery` is
the name of a perturbation; fields and columns keep their names because they are stored on disk.
Reading these files needs neither TensorFlow nor scikit-learn.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import Literal, NamedTuple

from pydantic import BaseModel, Field, computed_field

from detection_model.card import Card, card_path, read_beside, read_card

METRICS = "metrics.json"
CURVES = "curves.json"
PREDICTIONS = "predictions.csv"
REPORT = "report.txt"
CALIBRATION = "calibration.json"

Method = Literal["none", "temperature", "platt", "isotonic"]


class Estimate(BaseModel):
    """A metric with its 95 % bootstrap interval, all in [0, 1]."""

    value: float
    low: float
    high: float


class Confusion(BaseModel):
    """Counts at one threshold; positive is Fake."""

    true_fake: int = Field(description="fakes called Fake")
    missed_fake: int = Field(description="fakes called Real")
    true_real: int = Field(description="reals called Real")
    false_fake: int = Field(description="reals called Fake")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def correct(self) -> int:
        """Correctly classified pictures."""
        return self.true_fake + self.true_real

    @computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> int:
        """All pictures."""
        return self.correct + self.missed_fake + self.false_fake


class EvaluationRow(BaseModel):
    """Metrics on a data set under one perturbation, or on one generator's fakes and the reals."""

    dataset: str
    split: str
    generator: str | None = Field(None, description="generator of the fakes; none: several")
    delivery: str = Field("original", description="name of the perturbation")
    n_real: int
    n_fake: int
    skipped: int = Field(0, description="pictures that could not be read")
    confusion: Confusion
    metrics: dict[str, Estimate]


class Evaluation(BaseModel):
    """metrics.json."""

    schema_version: int = 1
    model: str
    model_sha256: str
    threshold: float
    created: str
    command: str = Field(description="reproduces the figures")
    data_warnings: tuple[str, ...] | None = Field(
        None, description="leaks that an audit of the data found; null: not audited"
    )
    rows: list[EvaluationRow]


class Curve(BaseModel):
    """Points of a curve, `x` and `y` of the same length."""

    x: list[float]
    y: list[float]


class Curves(BaseModel):
    """curves.json: curves of the first row of metrics.json, and `rocs` of all rows."""

    roc: Curve = Field(description="x: false positive rate, y: true positive rate")
    precision_recall: Curve = Field(description="x: recall, y: precision")
    reliability: Curve = Field(description="x: mean probability of a bin, y: share of fakes in it")
    threshold: Curve = Field(description="x: threshold, y: accuracy")
    thresholds: dict[str, Curve] = Field({}, description="by metric; x: threshold, y: the metric")
    rocs: list[Curve] = Field([], description="`roc` of each row of metrics.json, in order")


class Quality(BaseModel):
    """Calibration errors; lower is better. nll: mean negative log-likelihood."""

    ece: float
    brier: float
    nll: float


class Gain(BaseModel):
    """Calibration errors on one split before and after calibration."""

    split: str
    n_real: int
    n_fake: int
    fitted_here: bool = Field(description="the calibrator was fitted on these pictures: optimistic")
    before: Quality
    after: Quality


class Calibration(BaseModel):
    """calibration.json."""

    model: str
    model_sha256: str
    dataset: str
    method: Method
    gains: list[Gain]


class Prediction(NamedTuple):
    """One line of predictions.csv."""

    path: str
    dataset: str
    split: str
    delivery: str
    label: str
    fake: float
    logit: float
    sha256: str = ""
    generator: str = ""


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> None:
    """Write predictions.csv; probabilities and logits with 6 decimals."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Prediction._fields)
        for row in predictions:
            writer.writerow([*row[:5], f"{row.fake:.6f}", f"{row.logit:.6f}", *row[7:]])


def read_predictions(path: Path) -> list[Prediction]:
    """Read predictions.csv.

    Raises:
        ValueError: a column is missing or a value is not a number.
    """
    with path.open(newline="") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        # Older files have no hash and no generator.
        needed = [name for name in Prediction._fields if name not in Prediction._field_defaults]
        if not set(needed) <= set(header):
            raise ValueError(f"{path.name} must have the columns {', '.join(needed)}")
        try:
            return [_prediction(dict(zip(header, row, strict=True))) for row in rows if row]
        except ValueError as error:
            raise ValueError(f"{path.name}, line {rows.line_num}: {error}") from None


def _prediction(row: dict[str, str]) -> Prediction:
    return Prediction(
        row["path"],
        # Thousands of rows share these words; each is kept once.
        intern(row["dataset"]),
        intern(row["split"]),
        intern(row["delivery"]),
        intern(row["label"]),
        float(row["fake"]),
        float(row["logit"]),
        row.get("sha256", ""),
        intern(row.get("generator", "")),
    )


def confusion_at(predictions: Sequence[Prediction], threshold: float) -> Confusion:
    """Confusion matrix at a threshold in [0, 1]; a probability at or above it means Fake."""
    counts = {(label, positive): 0 for label in ("Real", "Fake") for positive in (False, True)}
    for row in predictions:
        counts[row.label, row.fake >= threshold] += 1
    return Confusion(
        true_fake=counts["Fake", True],
        missed_fake=counts["Fake", False],
        true_real=counts["Real", False],
        false_fake=counts["Real", True],
    )


@dataclass(frozen=True)
class Published:
    """A published model: path, card, evaluation, curves and predictions.

    For an ensemble, no file exists at `path`.
    """

    path: Path
    card: Card
    evaluation: Evaluation
    curves: Curves
    predictions: list[Prediction]

    @property
    def row(self) -> EvaluationRow:
        """The metrics on the first data set."""
        return self.evaluation.rows[0]

    @property
    def run(self) -> str:
        """Name of its training run below the logs folder; empty if the card names none."""
        training = self.card.training
        return (training.log_folder or "").removeprefix("logs/") if training else ""


def read_published(models: Path, name: str) -> Published:
    """Read `models/<name>.json` and `models/<name>.eval/`.

    Raises:
        CardError: one of the files is missing or cannot be read; the message names it.
        ValueError: predictions.csv is damaged.
    """
    path = models / f"{name}.keras"
    folder = path.with_suffix(".eval")
    return Published(
        path=path,
        card=read_card(card_path(path)),
        evaluation=read_beside(folder / METRICS, Evaluation),
        curves=read_beside(folder / CURVES, Curves),
        predictions=read_predictions(folder / PREDICTIONS),
    )
