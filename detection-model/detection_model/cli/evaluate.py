"""Measuring one model: `detection-model eval run|verdicts`."""

import shlex
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from detection_model.cli import common
from detection_model.cli.cases import replay
from detection_model.data.folders import all_examples
from detection_model.data.preprocessing import BadPicture
from detection_model.evaluation.records import EvaluationRow
from detection_model.evaluation.scoring import FAMILIES, ORIGINAL, in_families

if TYPE_CHECKING:
    from detection_model.evaluation.evaluate import Result
    from detection_model.evaluation.scoring import Share, SourceVerdicts

Split = Literal["train", "validation", "test", "all"]
Family = StrEnum("Family", {name: name for name in [*FAMILIES, "all"]})  # type: ignore[misc]


def run(
    model: Annotated[str, typer.Argument(help="Published name, or path of a model file.")],
    data: Annotated[
        Path | None, typer.Option(help="Labelled data set, laid out as for train.")
    ] = None,
    split: Annotated[Split, typer.Option(help="Which part of it.")] = "test",
    perturb: Annotated[
        list[Family] | None,
        typer.Option(
            help="Also measure on perturbed pictures; alike: all with one size and format. "
            "Repeatable.",
            show_default=False,
        ),
    ] = None,
    sweep: Annotated[list[Family] | None, typer.Option(hidden=True)] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Replaces the card's threshold.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Name of the data set in tables; default: its folder's.")
    ] = None,
    generator: Annotated[
        str | None,
        typer.Option(help="Generator of all fakes; default: the subfolders of Fake."),
    ] = None,
    from_predictions: Annotated[
        Path | None,
        typer.Option(help="Recompute all figures from this predictions.csv; needs no pictures."),
    ] = None,
    cases: Annotated[
        Path | None,
        typer.Option(help="Folder of case files: predict reported pictures again."),
    ] = None,
    plots: Annotated[bool, typer.Option("--plots", help="Draw the curves as PNG files.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Output folder; default: NAME.eval next to the model.",
            show_default=False,
            file_okay=False,
        ),
    ] = None,
    models: common.ModelsOption = common.MODELS,
    logs: common.LogsOption = common.LOGS,
) -> None:
    """Measure a model on labelled pictures; save metrics, curves and every prediction.

    Precision, recall and F1 are those of Fake. Intervals are 95 % bootstrap intervals. Fakes in
    subfolders, such as Test/Fake/StyleGAN, get a row for each subfolder.

      detection-model eval run mine --data data/Dataset

      detection-model eval run mine --data data/Dataset --perturb jpeg --perturb blur --plots

    After a change of the card's threshold or calibrator, this needs no pictures:

      detection-model eval run mine --from-predictions models/mine.eval/predictions.csv

    Case files are not a random sample, so replaying them saves no figures. The exit status is 1 if
    a verdict that was right at the time is wrong now:

      detection-model eval run mine --cases .state/cases
    """
    from detection_model.evaluation import evaluate as evaluation

    if [data, from_predictions, cases].count(None) != 2:
        common.fail("name one of --data, --from-predictions and --cases")
    if cases is not None:
        replay(model, cases, threshold, models)
    settings = {"--threshold": threshold, "--dataset": dataset, "--generator": generator}
    families = [*(perturb or ()), *(sweep or ())]
    with common.exit_on_error():
        if data is None:
            assert from_predictions is not None  # noqa: S101  for the type checker
            path, card, own = common.card_and_threshold(model, models)
            result = evaluation.recompute(
                from_predictions,
                card,
                own if threshold is None else threshold,
                generator=generator,
                command=_command(model, ["--from-predictions", from_predictions.name], settings),
            )
        else:
            detector = common.load_detector(model, models)
            path = detector.path
            where = ["--data", f"data/{data.name}", "--split", split]
            where += [word for name in families for word in ("--perturb", name)]
            with (
                common.progress_bar("reading") as reading,
                common.progress_bar("predicting") as predicting,
            ):
                result = evaluation.evaluate(
                    detector,
                    data,
                    split=None if split == "all" else split,
                    threshold=threshold,
                    dataset=dataset,
                    generator=generator,
                    perturbations=[ORIGINAL, *in_families(families)],
                    logs=logs,
                    command=_command(model, where, settings),
                    decoding=reading,
                    predicting=predicting,
                )
    for bad in result.bad:
        common.warn_bad(bad)
    folder = out or path.with_suffix(".eval")
    evaluation.save(result, folder)
    if plots:
        from detection_model.evaluation.display import save_plots

        save_plots(result, folder)
    _print(result)
    common.say(f"Saved in {folder}")


def _print(result: "Result") -> None:
    row = result.row
    table = Table(title=f"{row.dataset}, {row.split}: {row.n_real} real, {row.n_fake} fake")
    for heading in ("metric", "value", "95 % interval"):
        table.add_column(heading)
    for name, estimate in row.metrics.items():
        table.add_row(name, f"{estimate.value:.4f}", f"{estimate.low:.4f} to {estimate.high:.4f}")
    common.console.print(table)
    matrix = Table(title="confusion matrix")
    for heading in ("", "called Real", "called Fake"):
        matrix.add_column(heading)
    counts = row.confusion
    matrix.add_row("is Real", str(counts.true_real), str(counts.false_fake))
    matrix.add_row("is Fake", str(counts.missed_fake), str(counts.true_fake))
    common.console.print(matrix)
    if result.evaluation.rows[1:]:
        common.console.print(_rows_table(result.evaluation.rows))
    common.say(result.classification_report())
    _warn(result)


def _rows_table(rows: list[EvaluationRow]) -> Table:
    """A line for each data set, generator and perturbation."""
    from detection_model.evaluation.evaluate import pictures

    columns = {"auc": "AUC", "real_accuracy": "real accuracy", "fake_accuracy": "fake accuracy"}
    table = Table("test on", "perturbation", "real", "fake", *columns.values())
    for row in rows:
        cells = [
            f"{row.metrics[name].value:.3f}" if name in row.metrics else "" for name in columns
        ]
        table.add_row(pictures(row), row.delivery, str(row.n_real), str(row.n_fake), *cells)
    return table


def _warn(result: "Result") -> None:
    from detection_model.evaluation.evaluate import warnings

    for text in warnings(result.evaluation):
        common.warn(text)


def _command(model: str, where: list[str], settings: dict[str, float | str | None]) -> str:
    """The command that reproduces the figures, with the data set below data/."""
    words = ["detection-model", "eval", "run", Path(model).stem, *where]
    for option, value in settings.items():
        words += [option, str(value)] if value is not None else []
    return shlex.join(words)


def verdicts(
    model: Annotated[str, typer.Argument(help="Published name, or path of a model file.")],
    data: Annotated[
        Path, typer.Option(help="Pictures in two folders Real and Fake, or a whole data set.")
    ],
    split: Annotated[
        Literal["train", "validation", "test", "all"], typer.Option(help="Split, if there are any.")
    ] = "test",
    source: Annotated[
        list[str] | None, typer.Option(help="Only this subfolder of Real or Fake; repeatable.")
    ] = None,
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Count the verdicts on your own pictures, with the service's default options.

    Prints a row for each subfolder of Real and Fake, with 95 % intervals, and the number of
    pictures that a reliable figure needs. A data set without splits is used whole.

      detection-model eval verdicts v5 --data my-pictures

      detection-model eval verdicts v5 --data data/Broad
    """
    from detection_model.evaluation.scoring import count_verdicts, data_for

    with common.exit_on_error():
        detector = common.load_detector(model, models)
        folder = data_for([detector], data)
        if split == "all" or folder.split_seed is not None:
            examples = all_examples(folder)
        else:
            examples = folder.splits.get(split, [])
        examples = [
            example for example in examples if not source or folder.source(example) in source
        ]
        if not examples:
            common.fail(f"{data} has no such pictures")
        bad: list[BadPicture] = []
        with common.progress_bar("predicting") as progress:
            sources = count_verdicts(detector, folder, examples, progress, bad.append)
    common.report_bad(bad)
    _print_verdicts(sources)


def _print_verdicts(sources: Sequence["SourceVerdicts"]) -> None:
    from detection_model.evaluation.scoring import mean_share, pictures_needed

    heads = ["class", "source", "pictures", "fake", "uncertain", "real", "out of scope"]
    typer.echo(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for row in sources:
        shares = [row.share(name) for name in ("fake", "uncertain", "real", "out_of_scope")]
        cells = [row.label, row.source or "all", str(row.pictures), *map(_interval, shares)]
        typer.echo(f"| {' | '.join(cells)} |")
    typer.echo()
    for label, words in (("Real", "accuses"), ("Fake", "finds")):
        own = [row for row in sources if row.label == label]
        if not own:
            continue
        fake_share, uncertain_share = mean_share(own, "fake"), mean_share(own, "uncertain")
        typer.echo(
            f"Of 100 {label.lower()} pictures it {words} {_interval(fake_share)} and is uncertain "
            f"about {_interval(uncertain_share)}; all sources have the same weight."
        )
        smallest = min(own, key=lambda row: row.pictures)
        needed = pictures_needed(smallest.share("fake").value)
        if smallest.pictures < needed:
            typer.echo(
                f"{smallest.source or label} has {smallest.pictures} pictures; an interval of "
                f"±5 points needs {needed}."
            )


def _interval(share: "Share") -> str:
    value, low, high = (100 * number for number in share)
    return f"{value:.0f} ({low:.0f} to {high:.0f})"
