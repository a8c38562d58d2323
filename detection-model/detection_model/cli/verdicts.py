"""`detection-model eval verdicts`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from detection_model.cli import common
from detection_model.data.folders import all_examples

if TYPE_CHECKING:
    from detection_model.evaluation.verdicts import Share, SourceVerdicts


def verdicts(
    model: Annotated[str, typer.Argument(help="Published name, or path of a model file.")],
    data: Annotated[
        Path, typer.Option(help="Pictures in two folders Real and Fake, or a whole data set.")
    ],
    split: Annotated[
        Literal["train", "validation", "test", "all"], typer.Option(help="Of a data set with them.")
    ] = "test",
    source: Annotated[
        list[str] | None, typer.Option(help="Only this folder below Real or Fake; repeat.")
    ] = None,
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Count the verdicts on your own pictures, as the service gives them by default.

    A row for each folder below Real and Fake, with 95 % intervals, and how many pictures a figure
    needs to be trusted. Two folders without splits are judged whole.

      detection-model eval verdicts v5 --data my-pictures

      detection-model eval verdicts v5 --data data/Broad
    """
    from detection_model.evaluation.scoring import data_for
    from detection_model.evaluation.verdicts import count_verdicts

    with common.exit_on_error():
        detector = common.load_detector(model, models)
        found = data_for([detector], data)
        if split == "all" or found.split_seed is not None:
            examples = all_examples(found)
        else:
            examples = found.splits.get(split, [])
        examples = [one for one in examples if not source or found.source(one) in source]
        if not examples:
            common.fail(f"{data} has no such pictures")
        with common.progress_bar("judging") as progress:
            sources = count_verdicts(detector, found, examples, progress)
    _print(sources)


def _print(sources: Sequence["SourceVerdicts"]) -> None:
    from detection_model.evaluation.verdicts import mean_share, pictures_needed

    heads = ["class", "source", "pictures", "fake", "uncertain", "real", "out of scope"]
    typer.echo(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for one in sources:
        shares = [one.share(name) for name in ("fake", "uncertain", "real", "out_of_scope")]
        cells = [one.label, one.source or "all", str(one.pictures), *map(_said, shares)]
        typer.echo(f"| {' | '.join(cells)} |")
    typer.echo()
    for label, words in (("Real", "accuses"), ("Fake", "finds")):
        own = [one for one in sources if one.label == label]
        if not own:
            continue
        called, unsure = mean_share(own, "fake"), mean_share(own, "uncertain")
        typer.echo(
            f"Of 100 {label.lower()} pictures it {words} {_said(called)} and is uncertain about "
            f"{_said(unsure)}, each source weighing the same."
        )
        smallest = min(own, key=lambda one: one.pictures)
        needed = pictures_needed(smallest.share("fake").value)
        if smallest.pictures < needed:
            typer.echo(
                f"{smallest.source or label} has {smallest.pictures} pictures; {needed} are needed "
                "to know that share within five points."
            )


def _said(share: "Share") -> str:
    value, low, high = (100 * number for number in share)
    return f"{value:.0f} ({low:.0f} to {high:.0f})"
