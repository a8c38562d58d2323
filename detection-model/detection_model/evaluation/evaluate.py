"""From predictions to the rows of metrics.json. Pure functions: predictions.csv is the source."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from detection_model.card import Calibrator, Card, CardError, identity, read_beside
from detection_model.data.decoding import BadPicture, Progress
from detection_model.data.folders import DataFolder, SplitName, all_examples
from detection_model.data.issues import data_warnings, not_inspected
from detection_model.evaluation import metrics, records
from detection_model.evaluation.metrics import estimate
from detection_model.evaluation.records import (
    Curves,
    Evaluation,
    EvaluationRow,
    Prediction,
    confusion_at,
    write_predictions,
)
from detection_model.evaluation.scoring import ORIGINAL, Model, ScoredPictures, data_for, score
from detection_model.inference.verdict import calibrate

# Data set, split and delivery.
Part = tuple[str, str, str]


def part_of(row: Prediction | EvaluationRow) -> Part:
    """Data set, split and perturbation of a prediction or a row."""
    return row.dataset, row.split, row.delivery


def rows(
    predictions: Sequence[Prediction], threshold: float, skipped: Mapping[Part, int] | None = None
) -> list[EvaluationRow]:
    """Figures of each part in the order of the file; where fakes differ, of each generator too.

    A generator is measured on its fakes and the reals of the same name, else on all reals.
    """
    return [
        _row(
            chosen,
            threshold,
            generator=generator,
            skipped=(skipped or {}).get(part, 0) if whole else 0,
        )
        for part in dict.fromkeys(map(part_of, predictions))
        for generator, chosen, whole in _groups([p for p in predictions if part_of(p) == part])
    ]


def of_row(row: EvaluationRow, predictions: Sequence[Prediction]) -> list[Prediction]:
    """The predictions that a row was made from."""
    part = [p for p in predictions if part_of(p) == part_of(row)]
    return next(chosen for generator, chosen, _ in _groups(part) if generator == row.generator)


def recalibrated(
    predictions: Sequence[Prediction], calibrator: Calibrator, generator: str | None = None
) -> list[Prediction]:
    """Recompute probabilities from logits; `generator` names the generator of all fakes."""
    return [
        row._replace(
            # As it stands in the file, so that the metrics recompute from it exactly.
            fake=round(calibrate(row.logit, calibrator), 6),
            generator=generator if generator and row.label == "Fake" else row.generator,
        )
        for row in predictions
    ]


def warnings(evaluation: Evaluation) -> list[str]:
    """Warnings about the figures, most serious first."""
    found = warnings_on_data(evaluation)
    for row in evaluation.rows:
        auc = row.metrics.get("auc")
        if auc is not None and auc.high < 0.5:
            found.append(
                f"on {label(row)} fakes get lower probabilities than reals (AUC {auc.value:.3f}, "
                f"at most {auc.high:.3f}): is Fake swapped with Real in the folders' names or in "
                "the card's output.classes? detection-model model card finds the latter out"
            )
    return found


def warnings_on_data(evaluation: Evaluation) -> list[str]:
    """Issues of the data, or a note that it was not audited."""
    if evaluation.data_warnings is not None:
        return list(evaluation.data_warnings)
    return [*map(not_inspected, dict.fromkeys(row.dataset for row in evaluation.rows))]


def pictures(row: EvaluationRow) -> str:
    """The data set of a row and, where one made them, the generator of its fakes."""
    return f"{row.dataset}: {row.generator}" if row.generator else row.dataset


def label(row: EvaluationRow) -> str:
    """A row's name in tables and figures."""
    parts = [pictures(row), row.split]
    return ", ".join(parts if row.delivery == "original" else [*parts, row.delivery])


def _groups(part: Sequence[Prediction]) -> Iterator[tuple[str | None, list[Prediction], bool]]:
    """Generator, its predictions, and whether these are all: first all, then each generator."""
    fakes = [row for row in part if row.label == "Fake"]
    reals = [row for row in part if row.label != "Fake"]
    generators = sorted({row.generator for row in fakes})
    if len(generators) < 2:
        yield "".join(generators) or None, list(part), True
        return
    yield None, list(part), True
    for name in filter(None, generators):
        own = [row for row in reals if row.generator == name] or reals
        yield name, own + [row for row in fakes if row.generator == name], False


def _row(
    predictions: Sequence[Prediction], threshold: float, *, generator: str | None, skipped: int
) -> EvaluationRow:
    labels, scores = metrics.labels_and_scores(predictions)
    dataset, split, delivery = part_of(predictions[0])
    return EvaluationRow(
        dataset=dataset,
        split=split,
        generator=generator,
        delivery=delivery,
        n_real=int((~labels).sum()),
        n_fake=int(labels.sum()),
        skipped=skipped,
        confusion=confusion_at(predictions, threshold),
        metrics=estimate(labels, scores, threshold),
    )


@dataclass(frozen=True)
class Result:
    """Result of one evaluation."""

    evaluation: Evaluation
    predictions: list[Prediction]
    bad: list[BadPicture]

    @property
    def row(self) -> EvaluationRow:
        """The first row: this data set, as it lies there."""
        return self.evaluation.rows[0]

    def curves(self, row: EvaluationRow | None = None) -> Curves:
        """Curves of a row; of the first one if none is given."""
        return metrics.curves(*self._measured(row or self.row))

    def classification_report(self) -> str:
        """Precision, recall and F1 of both classes, as text."""
        return metrics.report(*self._measured(self.row), self.evaluation.threshold)

    def _measured(self, row: EvaluationRow) -> tuple[metrics.Labels, metrics.Scores]:
        return metrics.labels_and_scores(of_row(row, self.predictions))


def evaluate(
    detector: Model,
    data: Path,
    *,
    split: SplitName | None,
    threshold: float | None,
    dataset: str | None = None,
    generator: str | None = None,
    deliveries: Sequence[str] = (ORIGINAL,),
    logs: Path | None = None,
    command: str,
    decoding: Progress = lambda _done, _total: None,
    judging: Progress = lambda _done, _total: None,
) -> Result:
    """Model every picture of a split (`None`: all pictures) under each delivery, and measure.

    `logs` is the folder where an inspection of the data left its findings.

    Raises:
        DataError: the data set or split is unusable.
    """
    found = data_for([detector], data)
    examples = all_examples(found) if split is None else found.split(split)
    predictions: list[Prediction] = []
    skipped: dict[Part, int] = {}
    bad: list[BadPicture] = []
    for delivery in deliveries:
        scored = score(detector, examples, delivery, decoding=decoding, judging=judging)
        part = (dataset or found.name, split or "all", delivery)
        bad, skipped[part] = scored.bad, len(scored.bad)
        predictions += as_predictions(scored, part, found)
    predictions = recalibrated(predictions, detector.card.calibrator, generator)
    at = detector.threshold if threshold is None else threshold
    evaluation = Evaluation(
        model=detector.card.name,
        model_sha256=identity(detector.card),
        threshold=at,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        data_warnings=data_warnings(found, logs) if logs else None,
        rows=rows(predictions, at, skipped),
    )
    return Result(evaluation, predictions, bad)


def together(results: Sequence[Result], command: str) -> Result:
    """One model's results on several data sets as one, in their order."""
    first = results[0].evaluation
    looked = [one.evaluation.data_warnings is not None for one in results]
    said = [text for one in results for text in warnings_on_data(one.evaluation)]
    evaluation = first.model_copy(
        update={
            "command": command,
            "data_warnings": tuple(said) if any(looked) else None,
            "rows": [row for one in results for row in one.evaluation.rows],
        }
    )
    predictions = [row for one in results for row in one.predictions]
    return Result(evaluation, predictions, [bad for one in results for bad in one.bad])


def recompute(
    path: Path, card: Card, threshold: float, *, generator: str | None = None, command: str
) -> Result:
    """Recompute every figure from a predictions.csv with the card's calibrator.

    What is no figure (when and how the pictures were judged) is taken from the metrics.json beside
    it, where that is there and of the same model.

    Raises:
        CardError: the file cannot be read, has no rows, or was written by another model.
    """
    try:
        predictions = recalibrated(records.read_predictions(path), card.calibrator, generator)
    except (OSError, ValueError) as error:
        raise CardError(f"{path.name} cannot be read: {error}") from None
    if not predictions:
        raise CardError(f"{path.name} has no predictions")
    beside = path.with_name(records.METRICS)
    old = read_beside(beside, Evaluation) if beside.exists() else None
    if old is not None and old.model_sha256 != identity(card):
        raise CardError(f"{path.name} was written by another model file: evaluate this one")
    skipped = Counter[Part]()
    for row in old.rows if old else ():
        skipped[row.dataset, row.split, row.delivery] += row.skipped
    evaluation = Evaluation(
        model=card.name,
        model_sha256=identity(card),
        threshold=threshold,
        created=old.created if old else datetime.now(UTC).isoformat(timespec="seconds"),
        command=old.command if old else command,
        data_warnings=old.data_warnings if old else None,
        rows=rows(predictions, threshold, skipped),
    )
    return Result(evaluation, predictions, [])


def save(result: Result, folder: Path) -> None:
    """Write metrics.json, curves.json, predictions.csv and report.txt, warnings at its head."""
    folder.mkdir(parents=True, exist_ok=True)
    write_predictions(folder / records.PREDICTIONS, result.predictions)
    rocs = [result.curves(row).roc for row in result.evaluation.rows]
    curves = result.curves().model_copy(update={"rocs": rocs})
    (folder / records.CURVES).write_text(curves.model_dump_json() + "\n")
    loud = [f"WARNING: {text}\n" for text in warnings(result.evaluation)]
    (folder / records.REPORT).write_text("".join([*loud, result.classification_report()]))
    written = result.evaluation.model_dump_json(indent=2)
    (folder / records.METRICS).write_text(written + "\n")


def as_predictions(scored: ScoredPictures, part: Part, data: DataFolder) -> list[Prediction]:
    """Rows for predictions.csv; probabilities are filled in by `recalibrated`."""
    dataset, split, delivery = part
    return [
        Prediction(
            path=example.path.relative_to(data.root).as_posix(),
            dataset=dataset,
            split=split,
            delivery=delivery,
            label=example.label,
            fake=0,
            logit=round(logit, 6),
            sha256=sha256,
            generator=data.source(example),
        )
        for example, sha256, logit in zip(
            scored.examples, scored.hashes, scored.logits, strict=True
        )
    ]
