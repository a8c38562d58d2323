"""`detection-model forensics`."""

import json
from pathlib import Path
from typing import Annotated, get_args

import typer
from PIL import Image

from detection_model.cli import common


def command(
    picture: Annotated[Path, typer.Argument(help="A picture.")],
    out: Annotated[Path, typer.Option(help="Folder for the views; made if need be.")],
    averages: Annotated[
        Path | None,
        typer.Option(help="Class averages from average-spectra.", show_default=False),
    ] = None,
) -> None:
    """Look at a picture as an examiner does, and write what is to be seen as PNG files.

    Error level, noise residual, spectrum, JPEG tables, double compression and colours, with their
    numbers in views.json. Each comes with what it shows and what it does not prove: none of
    them is a verdict.

      detection-model forensics portrait.jpg --out views
    """
    from detection_model.forensics import view
    from detection_model.forensics.common import TEXTS, ViewId
    from detection_model.forensics.spectrum import PUBLISHED, read_averages

    data, decoded = common.read_picture(picture)
    try:
        beside = read_averages(averages or PUBLISHED)
    except (OSError, ValueError) as error:
        common.refuse(f"the class averages cannot be read: {error}")
    if averages and not beside:
        common.refuse(f"{averages} has no class averages: average-spectra writes them")
    out.mkdir(parents=True, exist_ok=True)
    record = {}
    for name in get_args(ViewId):
        seen = view(name, data, decoded.pixels, beside)
        for part, image in seen.images.items():
            Image.fromarray(image).save(out / f"{name}-{part}.png")
        text = TEXTS[seen.id]
        record[name] = {**text._asdict(), "numbers": seen.numbers.model_dump()}
        common.console.print(f"[bold]{text.title}[/]\n{text.shows} {text.limits}\n")
    (out / "views.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    common.console.print(f"Views: {out}", highlight=False, soft_wrap=True)
