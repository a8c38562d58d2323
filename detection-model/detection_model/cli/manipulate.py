"""`detection-model manipulate`."""

from pathlib import Path
from typing import Annotated

import typer

from detection_model.cli import common


def command(
    folder: Annotated[Path, typer.Argument(help="Data set with real faces.")],
    out: Annotated[Path, typer.Argument(help="A new folder, such as data/Manipulated.")],
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn by chance.")] = 0,
) -> None:
    """Make fakes that no model has learned from, out of the real test faces of a data set.

    Faces are warped, as by retouching, and laid over others without a seam. `benchmark` measures
    on them how well a manipulation is found that was never seen.

      detection-model manipulate data/All data/Manipulated

      detection-model benchmark --data data/All --data data/Manipulated
    """
    from detection_model.data.holdout_fakes import manipulate

    with common.refusals(), common.progress_bar("reading") as reading:
        done = manipulate(folder, out, seed=seed, progress=reading)
    for part, count in sorted(done.items()):
        common.console.print(f"{part}: {count}", highlight=False)
