"""Runs a model over a labelled data set and writes contract 4's three files."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from detection_model.card import file_sha256
from detection_model.data.folders import Example, SplitName, all_examples, find_data
from detection_model.data.pictures import BadPicture, Progress, load_pictures
from detection_model.detector import Detector
from detection_model.evaluation import metrics, records
from detection_model.evaluation.records import (
    Evaluation,
    EvaluationRow,
    Prediction,
    confusion_at,
    write_predictions,
)
from detection_model.verdict import calibrate


@dataclass(frozen=True)
class Result:
    """What one evaluation found."""

    evaluation: Evaluation
    predictions: list[Prediction]
    bad: list[BadPicture]

    @property
    def row(self) -> EvaluationRow:
        """The row of this data set."""
        return self.evaluation.rows[0]

    def classification_report(self) -> str:
        """Precision, recall and F1 of both classes, as text."""
        labels, scores = metrics.labels_and_scores(self.predictions)
        return metrics.report(labels, scores, self.evaluation.threshold)


def evaluate(
    detector: Detector,
    data: Path,
    *,
    split: SplitName | None,
    threshold: float | None,
    dataset: str | None = None,
    generator: str | None = None,
    command: str,
    decoding: Progress = lambda _done, _total: None,
    judging: Progress = lambda _done, _total: None,
) -> Result:
    """Judge every picture of a split (`None`: all pictures) and measure.

    Raises:
        DataError: the data set or split is unusable.
    """
    # A split that training drew must be drawn the same way, or training pictures are judged.
    training = detector.card.training
    found = find_data(data, seed=training.seed if training else 0)
    name = dataset or found.name
    examples = all_examples(found) if split is None else found.split(split)
    pictures = load_pictures(examples, detector.card.input, progress=decoding)
    predictions = []
    logits = detector.fake_logits(pictures.pixels)
    for example, sha256, logit in zip(pictures.examples, pictures.hashes, logits, strict=True):
        predictions.append(_prediction(example, sha256, found.root, name, split, logit, detector))
        judging(len(predictions), len(pictures.examples))
    at = detector.threshold if threshold is None else threshold
    labels, scores = metrics.labels_and_scores(predictions)
    row = EvaluationRow(
        dataset=name,
        split=split or "all",
        generator=generator,
        n_real=int((~labels).sum()),
        n_fake=int(labels.sum()),
        skipped=len(pictures.bad),
        confusion=confusion_at(predictions, at),
        metrics=metrics.estimate(labels, scores, at),
    )
    evaluation = Evaluation(
        model=detector.card.name,
        model_sha256=file_sha256(detector.path),
        threshold=at,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        rows=[row],
    )
    return Result(evaluation, predictions, pictures.bad)


def save(result: Result, folder: Path) -> None:
    """Write metrics.json, curves.json, predictions.csv and report.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    labels, scores = metrics.labels_and_scores(result.predictions)
    write_predictions(folder / records.PREDICTIONS, result.predictions)
    curves = metrics.curves(labels, scores).model_dump_json()
    (folder / records.CURVES).write_text(curves + "\n")
    (folder / records.REPORT).write_text(result.classification_report())
    written = result.evaluation.model_dump_json(indent=2)
    (folder / records.METRICS).write_text(written + "\n")


def _prediction(
    example: Example,
    sha256: str,
    root: Path,
    dataset: str,
    split: str | None,
    logit: float,
    detector: Detector,
) -> Prediction:
    return Prediction(
        path=example.path.relative_to(root).as_posix(),
        dataset=dataset,
        split=split or "all",
        delivery="original",
        label=example.label,
        # As it stands in the file, so that the metrics recompute from it exactly.
        fake=round(calibrate(logit, detector.card.calibrator), 6),
        logit=round(logit, 6),
        sha256=sha256,
    )
