"""`detection-model collect`."""

from pathlib import Path
from typing import Annotated

import typer

from detection_model.cli import common


def command(
    out: Annotated[Path, typer.Argument(help="A new folder, such as data/All.")],
    source: Annotated[
        list[str],
        typer.Option(
            "--from",
            help="FOLDER, FOLDER=NAME, or FOLDER=NAME OF REALS,NAME OF FAKES; repeat.",
            metavar="FOLDER=NAMES",
        ),
    ],
) -> None:
    """Lay several data sets out as one, with a folder for each source below each class.

    Every command reads it; evaluate then has a row for each name of fakes, against the reals of the
    same name or, where there are none, against all. Nothing is copied where links will do.

      detection-model collect data/All --from data/Dataset=FFHQ,StyleGAN --from data/Composites
    """
    from detection_model.data.merging import Source, collect

    with common.refusals():
        done = collect([Source.parse(text) for text in source], out)
    for part, count in sorted(done.items()):
        common.console.print(f"{part}: {count}", highlight=False)
