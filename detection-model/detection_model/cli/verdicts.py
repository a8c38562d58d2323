"""`detection-model eval verdicts`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from detection_model.cli import common
from detection_model.data.folders import all_examples

if TYPE_CHECKING:
    from detection_model.evaluation.verdict_counts import Share, SourceVerdicts


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
    from detection_model.evaluation.scoring import data_for
    from detection_model.evaluation.verdict_counts import count_verdicts

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
        with common.progress_bar("predicting") as progress:
            sources = count_verdicts(detector, folder, examples, progress)
    _print(sources)


def _print(sources: Sequence["SourceVerdicts"]) -> None:
    from detection_model.evaluation.verdict_counts import mean_share, pictures_needed

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
        called, unsure = mean_share(own, "fake"), mean_share(own, "uncertain")
        typer.echo(
            f"Of 100 {label.lower()} pictures it {words} {_interval(called)} and is uncertain "
            f"about {_interval(unsure)}; all sources have the same weight."
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
