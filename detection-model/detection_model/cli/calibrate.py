"""`detection-model calibrate`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from detection_model.card import card_path, read_card, write_card
from detection_model.cli import common
from detection_model.eval_config import eval_config_path, read_eval_config

if TYPE_CHECKING:
    from detection_model.evaluation.records import Gain


class MethodName(StrEnum):
    """Calibrators to fit."""

    none = "none"
    temperature = "temperature"
    platt = "platt"
    isotonic = "isotonic"


class RuleName(StrEnum):
    """Rules for the threshold."""

    best_f1 = "best-f1"
    youden = "youden"
    target_fpr = "target-fpr"
    target_precision = "target-precision"


def command(
    model: Annotated[str, typer.Argument(help="Published name, or path of a model file.")],
    data: Annotated[Path, typer.Option(help="Labelled data set, laid out as for train.")],
    calibrator: Annotated[
        MethodName, typer.Option(help="platt is a temperature with a bias.")
    ] = MethodName.temperature,
    threshold_rule: Annotated[
        RuleName, typer.Option(help="How the threshold is chosen.")
    ] = RuleName.youden,
    target: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="For target-fpr (default 0.05) and target-precision (0.95)."
        ),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Name of the data set in the card; default: its folder's.")
    ] = None,
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Fit a calibrator and choose a threshold on the validation split; write both into the card.

    Shows what that gains on the validation and on the test split: the first has been fitted on,
    only the second counts. The test split decides nothing.

      detection-model calibrate v3 --data data/Dataset

      detection-model calibrate v3 --data data/Dataset --calibrator isotonic
      --threshold-rule target-fpr --target 0.01
    """
    from detection_model.evaluation import calibration, records

    with common.refusals():
        detector = common.load_detector(model, models)
        path = card_path(detector.path)
        if not path.exists():
            common.refuse(f"{model} has no card: detection-model card {model} --data FOLDER")
        before = read_card(path)
        with common.progress_bar("reading") as progress:
            splits = calibration.judged_splits(detector, data, dataset, progress)
        after = calibration.calibrated_card(
            before, splits["validation"], calibrator.value, threshold_rule.value, target=target
        )
    found = calibration.gains(before, after, splits, calibrator.value)
    write_card(after, path)
    folder = path.with_suffix(".eval")
    folder.mkdir(exist_ok=True)
    (folder / records.CALIBRATION).write_text(found.model_dump_json(indent=2) + "\n")
    common.console.print(_gains_table(found.gains))
    value, chosen = after.threshold.value, after.threshold.chosen
    common.console.print(f"Threshold {value:.4f}: {chosen}", highlight=False, soft_wrap=True)
    config = eval_config_path(detector.path)
    if config.exists() and (other := read_eval_config(detector.path).threshold) is not None:
        common.errors.print(
            f"[yellow]overridden:[/] {config.name} says {other}, and goes before the card",
            highlight=False,
            soft_wrap=True,
        )
    common.console.print(f"Wrote {path}. Next, so that its figures agree:", highlight=False)
    predictions = folder / "predictions.csv"
    source = f"--from-predictions {predictions}" if predictions.exists() else f"--data {data}"
    common.console.print(
        f"  detection-model evaluate {model} {source}", highlight=False, soft_wrap=True
    )


def _gains_table(gains: list["Gain"]) -> Table:
    table = Table("measured on", "pictures", "ECE", "Brier", "NLL", title="before → after")
    for gain in gains:
        cells = [
            f"{before:.4f} → {after:.4f}"
            for before, after in zip(
                gain.before.model_dump().values(), gain.after.model_dump().values(), strict=True
            )
        ]
        where = gain.split + (" (fitted on)" if gain.fitted_here else "")
        table.add_row(where, str(gain.n_real + gain.n_fake), *cells)
    return table
