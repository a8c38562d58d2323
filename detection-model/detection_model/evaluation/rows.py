"""From predictions to the rows of metrics.json. Pure functions: predictions.csv is the source."""

from collections.abc import Iterator, Mapping, Sequence

from detection_model.card import Calibrator
from detection_model.data.issues import not_inspected
from detection_model.evaluation import metrics
from detection_model.evaluation.bootstrap import estimate
from detection_model.evaluation.records import Evaluation, EvaluationRow, Prediction, confusion_at
from detection_model.inference.verdict import calibrate

# Data set, split and delivery.
Part = tuple[str, str, str]


def part_of(row: Prediction | EvaluationRow) -> Part:
    """What a prediction or a row was measured on."""
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
    """Probabilities from the logits anew; `generator` names what made all fakes."""
    return [
        row._replace(
            # As it stands in the file, so that the metrics recompute from it exactly.
            fake=round(calibrate(row.logit, calibrator), 6),
            generator=generator if generator and row.label == "Fake" else row.generator,
        )
        for row in predictions
    ]


def warnings(evaluation: Evaluation) -> list[str]:
    """What a reader must know before believing the figures, loudest first."""
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
    """What inspections found in the data, or that nobody looked."""
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
