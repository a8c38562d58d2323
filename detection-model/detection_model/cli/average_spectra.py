"""`detection-model average-spectra`."""

from pathlib import Path
from typing import Annotated

import typer

from detection_model.cli import common
from detection_model.forensics.spectrum import PUBLISHED


def command(
    data: Annotated[Path, typer.Argument(help="Data set, laid out as for train.")],
    out: Annotated[
        Path, typer.Option(help="Folder for the averages.", show_default="the package's own")
    ] = PUBLISHED,
    limit: Annotated[
        int | None,
        typer.Option(min=2, help="Look at about so many pictures, drawn from every split."),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Default: one a core.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the split, where the folders give none.")] = 0,
) -> None:
    """Write the mean spectrum of each class, which the forensic views show beside a picture's own.

    Numbers over all pictures, from which none of them can be got back. Bring both classes to one
    size and encoding first: else their files are told apart, and not their faces.

      detection-model average-spectra data/Dataset
    """
    from detection_model.data.audit.scan import scan
    from detection_model.data.folders import find_data
    from detection_model.data.issues import fingerprint
    from detection_model.forensics.spectrum import write_averages

    with common.refusals():
        found = find_data(data, seed=seed)
        with common.progress_bar("looking") as looking:
            seen = scan(found, limit=limit, processes=processes, progress=looking)
    means = {
        label: (seen.means[label].pictures, seen.means[label].spectrum) for label in seen.classes
    }
    write_averages(out, found.name, fingerprint(found), means)
    common.console.print(f"Averages: {out}", highlight=False, soft_wrap=True)
