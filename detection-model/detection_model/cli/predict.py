"""`detection-model predict`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from detection_model import PredictOptions, imaging, predict
from detection_model.cli import common
from detection_model.inference import verdict


def command(
    files: Annotated[list[Path], typer.Argument(help="Image files.", metavar="FILE…")],
    model: common.ModelOption = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Replaces the model's threshold.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Classify images as real or generated.

    The exit status is 1 if any file could not be classified; the others are classified anyway.

      detection-model predict portrait.jpg another.png
    """
    with common.refusals():
        detector = common.load_detector(common.model_or_newest(model, models), models)
    for assumption in detector.assumptions:
        common.errors.print(f"[yellow]assumed:[/] {assumption}", highlight=False)
    options = PredictOptions(threshold=threshold)
    failed = False
    for file in files:
        try:
            result = predict(detector, file, options).verdict
        except (imaging.ImageError, OSError) as error:
            failed = True
            reason = error.message if isinstance(error, imaging.ImageError) else error.strerror
            if as_json:
                typer.echo(json.dumps({"file": str(file), "error": reason}))
            else:
                common.errors.print(f"[red]{file}: {reason}[/]", highlight=False, soft_wrap=True)
            continue
        if as_json:
            typer.echo(json.dumps({"file": str(file), **result.model_dump()}))
        else:
            typer.echo(
                f"{file}: {result.verdict.upper()} ({result.fake:.1%} for Fake, threshold "
                f"{result.threshold:.0%}). {verdict.message(result)}"
            )
    raise typer.Exit(int(failed))
