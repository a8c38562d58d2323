"""The measured figures of a published model, read from `<name>.eval/`."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

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

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class StoredEvaluation:
    """The figures in metrics.json; the other files of the folder are read on first use.

    A listing of models needs none of the others, and they hold thousands of rows.
    """

    folder: Path
    evaluation: Evaluation

    @cached_property
    def curves(self) -> Curves | None:
        """curves.json; None if it is missing or damaged."""
        data = _content(self.folder / CURVES)
        return _valid(data, Curves, self.folder) if data is not None else None

    @cached_property
    def calibration(self) -> Calibration | None:
        """calibration.json; None if it is missing, damaged or of another model file."""
        data = _content(self.folder / CALIBRATION)
        calibration = _valid(data, Calibration, self.folder) if data is not None else None
        if calibration is None or calibration.model_sha256 != self.evaluation.model_sha256:
            return None
        return calibration

    @cached_property
    def predictions(self) -> Sequence[Prediction]:
        """Rows of predictions.csv; empty if it is missing or damaged."""
        try:
            return read_predictions(self.folder / PREDICTIONS)
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            _warn(self.folder, error)
            return []

    def confusion(self, threshold: float) -> Confusion:
        """Counts on the first data set, at any threshold where predictions are stored."""
        row = self.evaluation.rows[0]
        if threshold == self.evaluation.threshold:
            return row.confusion
        rows = [
            prediction
            for prediction in self.predictions
            if (prediction.dataset, prediction.split, prediction.delivery)
            == (row.dataset, row.split, row.delivery)
        ]
        return confusion_at(rows, threshold) if rows else row.confusion


def read_evaluation(folder: Path, sha256: str) -> StoredEvaluation | None:
    """The evaluation of exactly this file; None if missing, damaged or of another file."""
    data = _content(folder / METRICS)
    evaluation = _valid(data, Evaluation, folder) if data is not None else None
    if evaluation is None:
        return None
    if evaluation.model_sha256 != sha256 or not evaluation.rows:
        log.warning("%s is of another model file and is ignored", folder.name)
        return None
    return StoredEvaluation(folder, evaluation)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _warn(path.parent, error)
        return None


def _valid(data: bytes, kind: type[_Model], folder: Path) -> _Model | None:
    try:
        return kind.model_validate_json(data)
    except ValueError as error:
        _warn(folder, error)
        return None


def _warn(folder: Path, error: Exception) -> None:
    log.warning("%s cannot be read: %s", folder.name, type(error).__name__)
