"""The measured figures of a published model, read from `<name>.eval/`."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from detection_model.evaluation.records import (
    CALIBRATION,
    CURVES,
    METRICS,
    PREDICTIONS,
    Calibration,
    Confusion,
    Curves,
    Evaluation,
    Prediction,
    confusion_at,
    read_predictions,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredEvaluation:
    """metrics.json with its curves, predictions and calibration, if they are there."""

    evaluation: Evaluation
    curves: Curves | None
    predictions: Sequence[Prediction]
    calibration: Calibration | None

    def confusion(self, threshold: float) -> Confusion:
        """Counts on the first data set, at any threshold where predictions are stored."""
        row = self.evaluation.rows[0]
        rows = [
            prediction
            for prediction in self.predictions
            if (prediction.dataset, prediction.split, prediction.delivery)
            == (row.dataset, row.split, row.delivery)
        ]
        return confusion_at(rows, threshold) if rows else row.confusion


def read_evaluation(folder: Path, sha256: str) -> StoredEvaluation | None:
    """The evaluation of exactly this file; None if missing or of another file."""
    if not (folder / METRICS).is_file():
        return None
    try:
        evaluation = Evaluation.model_validate_json((folder / METRICS).read_bytes())
        if evaluation.model_sha256 != sha256 or not evaluation.rows:
            log.warning("%s is of another model file and is ignored", folder.name)
            return None
        curves = folder / CURVES
        predictions = folder / PREDICTIONS
        return StoredEvaluation(
            evaluation,
            Curves.model_validate_json(curves.read_bytes()) if curves.is_file() else None,
            read_predictions(predictions) if predictions.is_file() else [],
            _calibration(folder / CALIBRATION, sha256),
        )
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read: %s", folder.name, type(error).__name__)
        return None


def _calibration(path: Path, sha256: str) -> Calibration | None:
    if not path.is_file():
        return None
    calibration = Calibration.model_validate_json(path.read_bytes())
    return calibration if calibration.model_sha256 == sha256 else None
