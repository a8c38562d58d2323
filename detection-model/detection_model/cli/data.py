"""Commands on data sets: `detection-model data …`."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from detection_model.cli import common
from detection_model.data.issues import DataIssues
from detection_model.data.write import is_synthetic, write_synthetic
from detection_model.forensics.spectrum import PUBLISHED

_COLOURS = {"leak": "bold red", "warning": "yellow", "note": "blue"}

DataArgument = Annotated[Path, typer.Argument(help="Data set, laid out as for train.")]
LimitOption = Annotated[
    int | None,
    typer.Option(min=2, help="Inspect a random sample of about N images from all splits."),
]
ProcessesOption = Annotated[
    int | None,
    typer.Option(min=1, help="Number of processes; default: one per core.", show_default=False),
]
SeedOption = Annotated[int, typer.Option(help="Seed of the split, for folders without one.")]


def inspect(
    data: DataArgument,
    limit: LimitOption = None,
    processes: ProcessesOption = None,
    seed: SeedOption = 0,
    logs: common.LogsOption = common.LOGS,
) -> None:
    """Inspect a data set before training: its contents, duplicates and leaks.

    Finds duplicates across splits (identical pixels or near duplicates), unreadable files, and
    formats, sizes, JPEG compression or metadata that separate the classes by themselves. Writes
    index.html, report.json and images.csv to LOGS/data/. Training and evaluation repeat the leaks
    as warnings.

      detection-model data inspect data/Dataset

      detection-model data inspect data/Dataset --limit 5000
    """
    from detection_model.data.audit.checks import inspect_data
    from detection_model.data.audit.report import (
        PAGE,
        counts_table,
        files_table,
        separations_table,
        write_report,
    )
    from detection_model.data.folders import find_data

    with common.exit_on_error():
        data_folder = find_data(data, seed=seed)
        with common.progress_bar("scanning") as scanning:
            inspection = inspect_data(
                data_folder, limit=limit, processes=processes, progress=scanning
            )
    folder = write_report(inspection, logs)
    common.console.print(counts_table(data_folder), files_table(inspection.scan))
    if inspection.files:
        common.console.print(separations_table([*inspection.files, *inspection.light]))
    _print_issues(inspection.findings)
    common.say(f"Report: {folder / PAGE}")


def _print_issues(issues: DataIssues) -> None:
    for issue in issues.findings:
        text = f"[{_COLOURS[issue.severity]}]{issue.severity}:[/] {escape(issue.message)}"
        common.console.print(text, highlight=False, soft_wrap=True)
    if not issues.leaks:
        common.console.print("No leak found.")


def _print_counts(counts: Mapping[str, int]) -> None:
    for part, count in sorted(counts.items()):
        common.say(f"{part}: {count}")


def merge(
    out: Annotated[Path, typer.Argument(help="A new folder, such as data/All.", file_okay=False)],
    source: Annotated[
        list[str],
        typer.Option(
            "--from",
            help="FOLDER, FOLDER=NAME, or FOLDER=NAME OF REALS,NAME OF FAKES; repeat.",
            metavar="FOLDER=NAMES",
        ),
    ],
) -> None:
    """Merge data sets into one, with a folder for each source below each class.

    Every command reads the merged set, and subfolders of a class stay below its source.
    `eval run` then reports a row for each name of fakes,
    against the reals of the same name or, if there are none, against all reals. Files are linked
    where the file system allows it, else copied.

      detection-model data merge data/All --from data/Dataset=FFHQ,StyleGAN --from data/Composites
    """
    from detection_model.data.write import Source, merge_data

    with common.exit_on_error():
        merged = merge_data([Source.parse(text) for text in source], out)
    for text in merged.left_out:
        common.warn(text, "[yellow]warning:[/]")
    _print_counts(merged.counts)


def manipulate(
    folder: Annotated[Path, typer.Argument(help="Data set with real faces.")],
    out: Annotated[
        Path, typer.Argument(help="A new folder, such as data/Manipulated.", file_okay=False)
    ],
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
) -> None:
    """Make holdout fakes, which no model is trained on, from the real test faces of a data set.

    Faces are warped, as in retouching, or cloned seamlessly onto other faces. `eval benchmark`
    then measures how well a model detects manipulations that it was not trained on.

      detection-model data manipulate data/All data/Manipulated

      detection-model eval benchmark --data data/All --data data/Manipulated
    """
    from detection_model.data.write import manipulate

    with common.exit_on_error(), common.progress_bar("reading") as reading:
        counts = manipulate(folder, out, seed=seed, progress=reading)
    _print_counts(counts)


_NEXT = """\
Patterns, not faces: a model trained on them detects nothing real. Next:
  {program} train v1 --data {folder} --name demo --epochs 3
  {program} eval run demo --data {folder}
  {program} image predict {folder}/Test/*/synthetic-0000.png --model demo
  {program} model card demo --data {folder} --force"""


def synthetic(
    folder: Annotated[Path, typer.Argument(help="Where to write the data set.", file_okay=False)],
    per_class: Annotated[int, typer.Option(min=2, help="Training images per class.")] = 64,
) -> None:
    """Write a small synthetic data set, to try the other commands without a download.

    The pictures are patterns, not faces: a model trained on them detects nothing real.

      detection-model data synthetic data/Synthetic
    """
    exists = is_synthetic(folder)
    if not exists and folder.exists() and any(folder.iterdir()):
        common.fail(f"{folder} is not empty")
    if not exists:
        write_synthetic(folder, per_class)
    status = f"{folder} is there already." if exists else f"Wrote {folder}."
    steps = _NEXT.format(program=_program(), folder=folder)
    common.say(f"{status} {steps}")


def _program() -> str:
    """The command as it was called: by name, by a path, or as a module."""
    program = Path(sys.argv[0])
    if program.stem == "__main__":
        return "python -m detection_model"
    if str(program.parent) in os.get_exec_path():
        return program.name
    folder = Path.cwd()
    return str(program.relative_to(folder) if program.is_relative_to(folder) else program)


def spectra(
    data: DataArgument,
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for the averages.", file_okay=False, show_default="the package's own"
        ),
    ] = PUBLISHED,
    limit: LimitOption = None,
    processes: ProcessesOption = None,
    seed: SeedOption = 0,
) -> None:
    """Write the mean spectrum of each class, for comparison in the forensic spectrum view.

    No single picture can be recovered from the means. Bring both classes to one size and encoding
    first; otherwise the spectra show differences between files, not between faces.

      detection-model data spectra data/Dataset
    """
    from detection_model.data.audit.scan import scan
    from detection_model.data.folders import find_data
    from detection_model.data.issues import fingerprint
    from detection_model.forensics.spectrum import write_averages

    with common.exit_on_error():
        folder = find_data(data, seed=seed)
        with common.progress_bar("scanning") as scanning:
            result = scan(folder, limit=limit, processes=processes, progress=scanning)
    means = {
        label: (result.means[label].pictures, result.means[label].spectrum)
        for label in result.classes
    }
    write_averages(out, folder.name, fingerprint(folder), means)
    common.say(f"Averages: {out}")
