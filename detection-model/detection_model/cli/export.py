"""`detection-model export`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from detection_model.card import read_card
from detection_model.cli import common
from detection_model.inference.ensemble import member_files

if TYPE_CHECKING:
    from detection_model.export.formats import FormatName, Report


def command(
    model: Annotated[
        str, typer.Argument(help="Published name of a model or ensemble, or path of a file.")
    ],
    to: Annotated[
        list[str],
        typer.Option(help="litert, litert-float16, litert-int8, onnx or saved-model; repeatable."),
    ],
    data: Annotated[
        Path | None,
        typer.Option(help="Labelled pictures to compare on, and to calibrate int8 with."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write into.")] = Path("exported"),
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Write a model in forms that others run, with a report of size and parity.

    Each is compared with Keras on up to 100 pictures: those of --data, else generated ones.
    What is written gives the model's own outputs, as its card says. Of an ensemble the members
    are written, one by one: its card says how their outputs are combined.

      detection-model export v3 --to litert-float16 --to onnx --data data/Dataset
    """
    from detection_model.export.formats import FORMATS

    if unknown := [name for name in to if name not in FORMATS]:
        common.refuse(f"no format {unknown[0]}; there are: {', '.join(FORMATS)}")
    if "litert-int8" in to and data is None:
        common.refuse("litert-int8 is calibrated on real pictures: name them with --data")
    with common.refusals():
        ensemble = common.ensemble_path(model, models)
        paths = (
            member_files(ensemble, read_card(ensemble))
            if ensemble
            else [common.model_path(model, models)]
        )
        out.mkdir(parents=True, exist_ok=True)
        chosen = [name for name in FORMATS if name in to]
        reports = [report for path in paths for report in _written(path, chosen, data, out)]
    common.console.print(_table(reports))
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.2f} MB" for path in paths)
    common.console.print(f"Keras: {sizes}. Written to {out}", highlight=False, soft_wrap=True)
    if ensemble:
        common.console.print(
            f"{ensemble.stem} is an ensemble: these are its members. Who runs them combines their "
            f"outputs as {ensemble.name} says: calibrators, weights, threshold.",
            highlight=False,
            soft_wrap=True,
        )


def _written(
    path: Path, formats: "list[FormatName]", data: Path | None, out: Path
) -> "Iterator[Report]":
    from detection_model.export.formats import comparison_pictures, write
    from detection_model.inference.detector import Detector

    detector = Detector.load(path)
    pictures = comparison_pictures(detector.card.input, data)
    for name in formats:
        yield write(
            path, detector.card, name, out / path.stem, pictures, threshold=detector.threshold
        )


def _table(reports: "list[Report]") -> Table:
    title = "difference from Keras in the probability of Fake"
    table = Table("format", "file", "MB", "largest", "mean", "called otherwise", title=title)
    for report in reports:
        table.add_row(
            report.format,
            report.path.name,
            f"{report.megabytes:.2f}",
            f"{report.largest_difference:.2e}",
            f"{report.mean_difference:.2e}",
            f"{report.changed} of {report.pictures}",
        )
    return table
