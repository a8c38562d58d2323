"""Files of `models/<name>.eval/`: metrics.json, curves.json, predictions.csv, report.txt.

The positive class is Fake throughout. predictions.csv is the source; the others
recompute from it. Reading these needs no TensorFlow and no scikit-learn.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
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
        """Pictures called what they are."""
        return self.true_fake + self.true_real

    @computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> int:
        """Pictures in all."""
        return self.correct + self.missed_fake + self.false_fake


class EvaluationRow(BaseModel):
    """One data set and delivery: all of it, or the fakes of one generator with the reals."""

    dataset: str
    split: str
    generator: str | None = Field(None, description="what made the fakes, where that is one")
    delivery: str = "original"
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
        None, description="leaks that an inspection of the data found; null: nobody looked"
    )
    rows: list[EvaluationRow]


class Curve(BaseModel):
    """Points of a curve, `x` and `y` of the same length."""

    x: list[float]
    y: list[float]


class Curves(BaseModel):
    """curves.json, of the first row of metrics.json but for `rocs`."""

    roc: Curve = Field(description="x: false positive rate, y: true positive rate")
    precision_recall: Curve = Field(description="x: recall, y: precision")
    reliability: Curve = Field(description="x: mean probability of a bin, y: share of fakes in it")
    threshold: Curve = Field(description="x: threshold, y: accuracy")
    thresholds: dict[str, Curve] = Field({}, description="by metric; x: threshold, y: the metric")
    rocs: list[Curve] = Field([], description="`roc` of each row of metrics.json, in its order")


class Quality(BaseModel):
    """Calibration errors; 0 is best. nll: mean negative log-likelihood."""

    ece: float
    brier: float
    nll: float


class Gain(BaseModel):
    """Before and after calibration on the pictures of one split."""

    split: str
    n_real: int
    n_fake: int
    fitted_here: bool = Field(description="the calibrator has seen these: too good to be believed")
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
        ValueError: a column is missing or a number is none.
    """
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        # Older files have no hash and no generator.
        needed = [name for name in Prediction._fields if name not in Prediction._field_defaults]
        if not set(needed) <= set(reader.fieldnames or ()):
            raise ValueError(f"{path.name} must have the columns {', '.join(needed)}")
        return [
            Prediction(
                row["path"],
                row["dataset"],
                row["split"],
                row["delivery"],
                row["label"],
                float(row["fake"]),
                float(row["logit"]),
                row.get("sha256") or "",
                row.get("generator") or "",
            )
            for row in reader
        ]


def confusion_at(predictions: Sequence[Prediction], threshold: float) -> Confusion:
    """Counts of called classes at any threshold in [0, 1]; Fake from the threshold on."""
    counts = {(label, called): 0 for label in ("Real", "Fake") for called in (False, True)}
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
    """A model file's path, its card, and its evaluation with curves and every prediction.

    An ensemble has no file there.
    """

    path: Path
    card: Card
    evaluation: Evaluation
    curves: Curves
    predictions: list[Prediction]

    @property
    def row(self) -> EvaluationRow:
        """Its figures on the first data set."""
        return self.evaluation.rows[0]

    @property
    def run(self) -> str:
        """Name of its training run below the logs folder; empty where the card names none."""
        training = self.card.training
        return (training.log_folder or "").removeprefix("logs/") if training else ""


def read_published(models: Path, name: str) -> Published:
    """Read what `models/<name>.json` and `models/<name>.eval/` say.

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
