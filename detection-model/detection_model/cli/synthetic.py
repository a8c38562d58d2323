"""`detection-model synthetic`."""

from pathlib import Path
from typing import Annotated

import typer

from detection_model.cli import common
from detection_model.data.synthetic import write_synthetic


def command(
    folder: Annotated[Path, typer.Argument(help="Where to write the data set.")],
    per_class: Annotated[int, typer.Option(min=2, help="Training pictures a class.")] = 64,
) -> None:
    """Write a small synthetic data set, to try the other commands without a download.

    The pictures are patterns, not faces: a model trained on them detects nothing real.

      detection-model synthetic data/Synthetic
    """
    if folder.exists() and any(folder.iterdir()):
        common.refuse(f"{folder} is not empty")
    write_synthetic(folder, per_class)
    common.console.print(f"Wrote {folder}. Next: detection-model train v1 --data {folder}")
