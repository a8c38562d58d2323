"""`detection-model synthetic`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from detection_model.cli import common
from detection_model.data.synthetic import is_synthetic, write_synthetic

_NEXT = """\
Patterns, not faces: a model trained on them detects nothing real. Next:
  {program} train v1 --data {folder} --name demo --epochs 3
  {program} evaluate demo --data {folder}
  {program} predict {folder}/Test/*/synthetic-0000.png --model demo
  {program} card demo --data {folder} --force"""


def command(
    folder: Annotated[Path, typer.Argument(help="Where to write the data set.")],
    per_class: Annotated[int, typer.Option(min=2, help="Training pictures a class.")] = 64,
) -> None:
    """Write a small synthetic data set, to try the other commands without a download.

    The pictures are patterns, not faces: a model trained on them detects nothing real.

      detection-model synthetic data/Synthetic
    """
    there = is_synthetic(folder)
    if not there and folder.exists() and any(folder.iterdir()):
        common.refuse(f"{folder} is not empty")
    if not there:
        write_synthetic(folder, per_class)
    said = f"{folder} is there already." if there else f"Wrote {folder}."
    steps = _NEXT.format(program=_program(), folder=folder)
    common.console.print(f"{said} {steps}", highlight=False, soft_wrap=True)


def _program() -> str:
    """The command as it was called: by name, by a path, or as a module."""
    called = Path(sys.argv[0])
    if called.stem == "__main__":
        return "python -m detection_model"
    if str(called.parent) in os.get_exec_path():
        return called.name
    here = Path.cwd()
    return str(called.relative_to(here) if called.is_relative_to(here) else called)
