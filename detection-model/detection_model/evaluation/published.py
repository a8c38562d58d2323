"""A published model with all that stands beside its file. Needs no TensorFlow."""

from dataclasses import dataclass
from pathlib import Path

from detection_model.card import Card, card_path, read_beside, read_card
from detection_model.evaluation import records
from detection_model.evaluation.records import Curves, Evaluation, EvaluationRow, Prediction


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
        evaluation=read_beside(folder / records.METRICS, Evaluation),
        curves=read_beside(folder / records.CURVES, Curves),
        predictions=records.read_predictions(folder / records.PREDICTIONS),
    )
