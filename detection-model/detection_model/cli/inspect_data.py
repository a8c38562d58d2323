"""`detection-model inspect-data`."""

from pathlib import Path
from typing import Annotated

import typer

from detection_model.cli import common
from detection_model.data.issues import DataFindings

_COLOURS = {"leak": "bold red", "warning": "yellow", "note": "blue"}


def command(
    data: Annotated[Path, typer.Argument(help="Data set, laid out as for train.")],
    limit: Annotated[
        int | None,
        typer.Option(min=2, help="Look at about so many pictures, drawn from every split."),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Default: one a core.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the split, where the folders give none.")] = 0,
    logs: common.LogsOption = common.LOGS,
) -> None:
    """Look at a data set before training: what is in it, and what in it leaks.

    Finds copies across splits (the same pixels, or the same look), files that cannot be read, and
    formats, sizes, JPEG compression or metadata that tell the classes apart by themselves. Writes
    index.html, report.json and images.csv to LOGS/data/. Training and evaluation repeat its leaks.

      detection-model inspect-data data/Dataset

      detection-model inspect-data data/Dataset --limit 5000
    """
    from detection_model.data.audit.inspect_data import inspect_data
    from detection_model.data.audit.report import PAGE, write_report
    from detection_model.data.audit.tables import counts_table, files_table, separations_table
    from detection_model.data.folders import find_data

    with common.refusals():
        found = find_data(data, seed=seed)
        with common.progress_bar("looking") as looking:
            inspection = inspect_data(found, limit=limit, processes=processes, progress=looking)
    folder = write_report(inspection, logs)
    common.console.print(counts_table(found), files_table(inspection.scan))
    if inspection.files:
        common.console.print(separations_table([*inspection.files, *inspection.light]))
    _print(inspection.findings)
    common.console.print(f"Report: {folder / PAGE}", highlight=False, soft_wrap=True)


def _print(found: DataFindings) -> None:
    for one in found.findings:
        said = f"[{_COLOURS[one.severity]}]{one.severity}:[/] {one.message}"
        common.console.print(said, highlight=False, soft_wrap=True)
    if not found.leaks:
        common.console.print("No leak found.")
