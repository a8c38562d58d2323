"""Evaluates a model: predictions, the rows of metrics.json, and the files of `<name>.eval/`."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from detection_model.card import Calibrator, Card, CardError, identity, read_beside
from detection_model.data.folders import DataFolder, SplitName, all_examples
from detection_model.data.issues import data_warnings, not_inspected, warnings_for
from detection_model.data.picture_files import relative_name
from detection_model.data.preprocessing import BadPicture, Progress
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

# Data set, split and perturbation.
Part = tuple[str, str, str]


def part_of(row: Prediction | EvaluationRow) -> Part:
    """Data set, split and perturbation of a prediction or a row."""
    return row.dataset, row.split, row.delivery


def rows(
    predictions: Sequence[Prediction], threshold: float, skipped: Mapping[Part, int] | None = None
) -> list[EvaluationRow]:
    """One row for each part, in file order, and one for each generator if there are several.

    A generator's row has its fakes and the reals of the same name, or all reals if there are none.
    """
    return [
        _row(
            group,
            threshold,
            generator=generator,
            skipped=(skipped or {}).get(part, 0) if whole else 0,
        )
        for part in dict.fromkeys(map(part_of, predictions))
        for generator, group, whole in _groups([p for p in predictions if part_of(p) == part])
    ]


def row_predictions(row: EvaluationRow, predictions: Sequence[Prediction]) -> list[Prediction]:
    """The predictions that a row was made from."""
    part = [p for p in predictions if part_of(p) == part_of(row)]
    return next(group for generator, group, _ in _groups(part) if generator == row.generator)


def recalibrated(
    predictions: Sequence[Prediction], calibrator: Calibrator, generator: str | None = None
) -> list[Prediction]:
    """Recompute probabilities from logits; `generator` names the generator of all fakes."""
    return [
        row._replace(
            # Rounded as in the file, so that the metrics recompute exactly from it.
            fake=round(calibrate(row.logit, calibrator), 6),
            generator=generator if generator and row.label == "Fake" else row.generator,
        )
        for row in predictions
    ]


def warnings(evaluation: Evaluation) -> list[str]:
    """Warnings about the figures, most serious first."""
    texts = warnings_on_data(evaluation)
    for row in evaluation.rows:
        auc = row.metrics.get("auc")
        if auc is not None and auc.high < 0.5:
            texts.append(
                f"on {label(row)} fakes get lower probabilities than reals (AUC {auc.value:.3f}, "
                f"at most {auc.high:.3f}): are Fake and Real swapped in the folder names or in the "
                "card's output.classes? `detection-model model card` checks the latter"
            )
    return texts


def warnings_on_data(evaluation: Evaluation) -> list[str]:
    """Issues of the data, or a note that it was not audited."""
    if evaluation.data_warnings is not None:
        return list(evaluation.data_warnings)
    return [*map(not_inspected, dict.fromkeys(row.dataset for row in evaluation.rows))]


def pictures(row: EvaluationRow) -> str:
    """The data set of a row and the generator of its fakes, if there is only one."""
    return f"{row.dataset}: {row.generator}" if row.generator else row.dataset


def label(row: EvaluationRow) -> str:
    """A row's name in tables and figures."""
    parts = [pictures(row), row.split]
    return ", ".join(parts if row.delivery == "original" else [*parts, row.delivery])


def _groups(part: Sequence[Prediction]) -> Iterator[tuple[str | None, list[Prediction], bool]]:
    """Generator, predictions, and whether they are the whole part, which comes first."""
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
        """The first row: the whole data set without a perturbation."""
        return self.evaluation.rows[0]

    def curves(self, row: EvaluationRow | None = None) -> Curves:
        """Curves of a row; default: the first one."""
        return metrics.curves(*self._measured(row or self.row))

    def classification_report(self) -> str:
        """Precision, recall and F1 of both classes, as text."""
        return metrics.report(*self._measured(self.row), self.evaluation.threshold)

    def _measured(self, row: EvaluationRow) -> tuple[metrics.Labels, metrics.Scores]:
        return metrics.labels_and_scores(row_predictions(row, self.predictions))


def evaluate(
    detector: Model,
    data: Path,
    *,
    split: SplitName | None,
    threshold: float | None,
    dataset: str | None = None,
    generator: str | None = None,
    perturbations: Sequence[str] = (ORIGINAL,),
    logs: Path | None = None,
    command: str,
    decoding: Progress = lambda _done, _total: None,
    predicting: Progress = lambda _done, _total: None,
) -> Result:
    """Predict every picture of a split (None: all pictures) under each perturbation, and measure.

    Args:
        detector: the model or ensemble.
        data: the data set's folder.
        split: its split; None: all pictures.
        threshold: in [0, 1]; None: the model's own.
        dataset: name of the data set in tables; None: the folder's name.
        generator: the generator of all fakes; None: by subfolder.
        perturbations: names of perturbations.
        logs: the folder with audit reports of data sets.
        command: recorded in metrics.json to reproduce the figures.
        decoding: called with (done, total) decoded pictures.
        predicting: called with (done, total) predicted pictures.

    Raises:
        DataError: the data set or split is unusable.
    """
    folder = data_for([detector], data)
    examples = all_examples(folder) if split is None else folder.split(split)
    predictions: list[Prediction] = []
    skipped: dict[Part, int] = {}
    bad: list[BadPicture] = []
    for perturbation in perturbations:
        scores = score(detector, examples, perturbation, decoding=decoding, predicting=predicting)
        part = (dataset or folder.name, split or "all", perturbation)
        bad, skipped[part] = scores.bad, len(scores.bad)
        predictions += as_predictions(scores, part, folder)
    predictions = recalibrated(predictions, detector.card.calibrator, generator)
    at = detector.threshold if threshold is None else threshold
    evaluation = Evaluation(
        model=detector.card.name,
        model_sha256=identity(detector.card),
        threshold=at,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        data_warnings=_data_warnings(folder, logs),
        rows=rows(predictions, at, skipped),
    )
    return Result(evaluation, predictions, bad)


def _data_warnings(folder: DataFolder, logs: Path | None) -> tuple[str, ...] | None:
    if logs is None:
        return None
    return warnings_for(folder, logs) if folder.warnings else data_warnings(folder, logs)


def merge_results(results: Sequence[Result], command: str) -> Result:
    """Merge one model's results on several data sets, in their order."""
    first = results[0].evaluation
    audited = [result.evaluation.data_warnings is not None for result in results]
    texts = [text for result in results for text in warnings_on_data(result.evaluation)]
    evaluation = first.model_copy(
        update={
            "command": command,
            "data_warnings": tuple(texts) if any(audited) else None,
            "rows": [row for result in results for row in result.evaluation.rows],
        }
    )
    predictions = [row for result in results for row in result.predictions]
    return Result(evaluation, predictions, [bad for result in results for bad in result.bad])


def recompute(
    path: Path, card: Card, threshold: float, *, generator: str | None = None, command: str
) -> Result:
    """Recompute every figure from a predictions.csv with the card's calibrator.

    The date, command and warnings are kept from metrics.json in the same folder, if it exists.

    Raises:
        CardError: the file cannot be read, has no rows, or was written by another model.
    """
    predictions, old = read_measured(path, card, generator)
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


def read_measured(
    path: Path, card: Card, generator: str | None = None
) -> tuple[list[Prediction], Evaluation | None]:
    """A model's predictions.csv with its card's calibrator, and the metrics.json beside it, if any.

    Raises:
        CardError: a file cannot be read, has no rows, or was written by another model.
    """
    try:
        predictions = recalibrated(records.read_predictions(path), card.calibrator, generator)
    except (OSError, ValueError) as error:
        raise CardError(f"{path.name} cannot be read: {error}") from None
    if not predictions:
        raise CardError(f"{path.name} has no predictions")
    metrics_path = path.with_name(records.METRICS)
    evaluation = read_beside(metrics_path, Evaluation) if metrics_path.exists() else None
    if evaluation is not None and evaluation.model_sha256 != identity(card):
        raise CardError(f"{path.name} was written by another model file: evaluate this one")
    return predictions, evaluation


def save(result: Result, folder: Path) -> None:
    """Write metrics.json, curves.json, predictions.csv and report.txt (warnings first)."""
    folder.mkdir(parents=True, exist_ok=True)
    write_predictions(folder / records.PREDICTIONS, result.predictions)
    rocs = [result.curves(row).roc for row in result.evaluation.rows]
    curves = result.curves().model_copy(update={"rocs": rocs})
    (folder / records.CURVES).write_text(curves.model_dump_json() + "\n")
    lines = [f"WARNING: {text}\n" for text in warnings(result.evaluation)]
    (folder / records.REPORT).write_text("".join([*lines, result.classification_report()]))
    metrics = result.evaluation.model_dump_json(indent=2)
    (folder / records.METRICS).write_text(metrics + "\n")


def as_predictions(scores: ScoredPictures, part: Part, data: DataFolder) -> list[Prediction]:
    """Rows for predictions.csv; probabilities are filled in by `recalibrated`."""
    dataset, split, delivery = part
    return [
        Prediction(
            path=relative_name(example.path, data.root),
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
            scores.examples, scores.hashes, scores.logits, strict=True
        )
    ]
