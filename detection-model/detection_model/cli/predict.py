"""`detection-model predict`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from detection_model import PredictOptions, imaging, predict
from detection_model.cli import common
from detection_model.inference import verdict


def command(
    files: Annotated[list[Path], typer.Argument(help="Pictures.", metavar="FILE…")],
    model: Annotated[str, typer.Option(help="Published name, or path of a model file.")] = "v3",
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Instead of the card's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Say of each picture whether it looks real or generated.

    Exits with 1 when a file could not be judged; the others are judged all the same.

      detection-model predict portrait.jpg another.png --model v3
    """
    with common.refusals():
        detector = common.load_detector(model, models)
    for assumption in detector.assumptions:
        common.errors.print(f"[yellow]assumed:[/] {assumption}", highlight=False)
    options = PredictOptions(threshold=threshold)
    failed = False
    for file in files:
        try:
            found = predict(detector, file, options).verdict
        except (imaging.ImageError, OSError) as error:
            failed = True
            reason = error.message if isinstance(error, imaging.ImageError) else error.strerror
            if as_json:
                typer.echo(json.dumps({"file": str(file), "error": reason}))
            else:
                common.errors.print(f"[red]{file}: {reason}[/]", highlight=False, soft_wrap=True)
            continue
        if as_json:
            typer.echo(json.dumps({"file": str(file), **found.model_dump()}))
        else:
            typer.echo(
                f"{file}: {found.verdict.upper()} ({found.fake:.1%} for Fake, threshold "
                f"{found.threshold:.0%}). {verdict.message(found)}"
            )
    raise typer.Exit(int(failed))
