"""`detection-model forensics`."""

import json
from pathlib import Path
from typing import Annotated, get_args

import typer
from PIL import Image

from detection_model.cli import common


def command(
    picture: Annotated[Path, typer.Argument(help="An image file.")],
    out: Annotated[Path, typer.Option(help="Folder for the views; created if missing.")],
    averages: Annotated[
        Path | None,
        typer.Option(help="Mean class spectra, written by average-spectra.", show_default=False),
    ] = None,
) -> None:
    """Write forensic views of an image as PNG files, for a person to judge.

    The views are error level, noise residual, spectrum, JPEG tables, double compression and
    colours; views.json holds their numbers, what each shows, and what it does not prove. None of
    them is a verdict.

      detection-model forensics portrait.jpg --out views
    """
    from detection_model.forensics import view
    from detection_model.forensics.common import TEXTS, ViewId
    from detection_model.forensics.spectrum import PUBLISHED, read_averages

    data, decoded = common.read_picture(picture)
    try:
        spectra = read_averages(averages or PUBLISHED)
    except (OSError, ValueError) as error:
        common.refuse(f"the mean spectra cannot be read: {error}")
    if averages and not spectra:
        common.refuse(f"{averages} has no mean spectra; average-spectra writes them")
    out.mkdir(parents=True, exist_ok=True)
    record = {}
    for name in get_args(ViewId):
        result = view(name, data, decoded.pixels, spectra)
        for part, image in result.images.items():
            Image.fromarray(image).save(out / f"{name}-{part}.png")
        text = TEXTS[result.id]
        record[name] = {**text._asdict(), "numbers": result.numbers.model_dump()}
        common.console.print(f"[bold]{text.title}[/]\n{text.shows} {text.limits}\n")
    (out / "views.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    common.console.print(f"Views: {out}", highlight=False, soft_wrap=True)
