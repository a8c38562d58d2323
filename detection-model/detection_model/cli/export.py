"""`detection-model export`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from detection_model.cli import common


def command(
    model: Annotated[str, typer.Argument(help="Published name, or path of a model file.")],
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
    What is written gives the model's own outputs, as its card says.

      detection-model export v3 --to litert-float16 --to onnx --data data/Dataset
    """
    from detection_model.detector import Detector
    from detection_model.export.formats import FORMATS, comparison_pictures, write

    if unknown := [name for name in to if name not in FORMATS]:
        common.refuse(f"no format {unknown[0]}; there are: {', '.join(FORMATS)}")
    if "litert-int8" in to and data is None:
        common.refuse("litert-int8 is calibrated on real pictures: name them with --data")
    with common.refusals():
        path = common.model_path(model, models)
        detector = Detector.load(path)
        pictures = comparison_pictures(detector.card.input, data)
        out.mkdir(parents=True, exist_ok=True)
        title = "difference from Keras in the probability of Fake"
        table = Table("format", "file", "MB", "largest", "mean", "called otherwise", title=title)
        for name in FORMATS:
            if name in to:
                report = write(
                    path,
                    detector.card,
                    name,
                    out / path.stem,
                    pictures,
                    threshold=detector.threshold,
                )
                table.add_row(
                    name,
                    report.path.name,
                    f"{report.megabytes:.2f}",
                    f"{report.largest_difference:.2e}",
                    f"{report.mean_difference:.2e}",
                    f"{report.changed} of {report.pictures}",
                )
    common.console.print(table)
    common.console.print(
        f"Keras: {path.stat().st_size / 1e6:.2f} MB. Written to {out}", highlight=False
    )
