"""`detection-model evaluate`."""

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from detection_model.cli import common
from detection_model.evaluation.records import EvaluationRow

Split = Literal["train", "validation", "test", "all"]


def command(
    model: Annotated[str, typer.Argument(help="Published name, or path of a model file.")],
    data: Annotated[Path, typer.Option(help="Labelled data set, laid out as for train.")],
    split: Annotated[Split, typer.Option(help="Which part of it.")] = "test",
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Instead of the card's.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Name of the data set in tables; default: its folder's.")
    ] = None,
    generator: Annotated[
        str | None, typer.Option(help="What made the fakes, for the table.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Instead of the folder NAME.eval beside the model.", show_default=False),
    ] = None,
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Measure a model on labelled pictures; save metrics, curves and every prediction.

    Precision, recall and F1 are those of Fake. Intervals are 95 % bootstrap intervals.

      detection-model evaluate v3 --data data/Dataset
    """
    from detection_model.evaluation import evaluate as evaluation

    with common.refusals():
        detector = common.load_detector(model, models)
        with common.progress_bar("reading") as reading, common.progress_bar("judging") as judging:
            result = evaluation.evaluate(
                detector,
                data,
                split=None if split == "all" else split,
                threshold=threshold,
                dataset=dataset,
                generator=generator,
                command=_reproduced(model, data, split, threshold, dataset, generator),
                decoding=reading,
                judging=judging,
            )
    for bad in result.bad:
        common.warn_bad(bad)
    folder = out or detector.path.with_suffix(".eval")
    evaluation.save(result, folder)
    _print(result.row, result.classification_report())
    common.console.print(f"Saved in {folder}", highlight=False, soft_wrap=True)


def _print(row: EvaluationRow, report: str) -> None:
    table = Table(title=f"{row.dataset}, {row.split}: {row.n_real} real, {row.n_fake} fake")
    for heading in ("metric", "value", "95 % interval"):
        table.add_column(heading)
    for name, found in row.metrics.items():
        table.add_row(name, f"{found.value:.4f}", f"{found.low:.4f} to {found.high:.4f}")
    common.console.print(table)
    matrix = Table(title="confusion matrix")
    for heading in ("", "called Real", "called Fake"):
        matrix.add_column(heading)
    counts = row.confusion
    matrix.add_row("is Real", str(counts.true_real), str(counts.false_fake))
    matrix.add_row("is Fake", str(counts.missed_fake), str(counts.true_fake))
    common.console.print(matrix)
    common.console.print(report, highlight=False)


def _reproduced(model: str, data: Path, split: str, *given: float | str | None) -> str:
    """The command for a reader who has the data set in data/."""
    words = ["detection-model", "evaluate", Path(model).stem, "--data", f"data/{data.name}"]
    words += ["--split", split]
    for option, value in zip(("--threshold", "--dataset", "--generator"), given, strict=True):
        words += [option, str(value)] if value is not None else []
    return shlex.join(words)
