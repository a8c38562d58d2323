"""`detection-model compare`."""

from pathlib import Path
from typing import Annotated

import typer

from detection_model.card import CardError
from detection_model.cli import common
from detection_model.evaluation.records import PREDICTIONS, Prediction, read_predictions

_SHOWN = ("auc", "accuracy", "real_accuracy", "fake_accuracy", "tpr_at_fpr_5", "ece", "brier")


def command(
    names: Annotated[
        list[str], typer.Argument(help="Two or more published names.", metavar="MODEL…")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Write every metric of every pair, as .json, .csv or .md.")
    ] = None,
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Put models side by side on the pictures that all of them were measured on.

    Reads the predictions that evaluate saved. A gain is real where the 95 % interval of the
    difference, from the same bootstrap resamples for both models, leaves out 0. McNemar's exact
    test asks the same of the calls at each model's threshold.

      detection-model compare v1 v2 v3

      detection-model compare v1 v3 --out comparison.md
    """
    from detection_model.evaluation import paired, tables
    from detection_model.evaluation.agreement import compare

    writers = {
        ".json": lambda found: found.model_dump_json(indent=2) + "\n",
        ".csv": paired.as_csv,
        ".md": paired.as_markdown,
    }
    if len(set(names)) < 2:
        common.refuse("name two or more models")
    if out is not None and out.suffix not in writers:
        common.refuse(f"{out.name}: write .json, .csv or .md")
    with common.refusals():
        measured = {name: _measured(name, models) for name in names}
    thresholds = {name: threshold for name, (_, threshold) in measured.items()}
    agreement = compare({name: rows for name, (rows, _) in measured.items()}, thresholds)
    try:
        found = paired.comparison(agreement, thresholds)
    except ValueError as error:
        common.refuse(f"{error}: evaluate them on the same data and split")
    common.console.print(tables.estimates_table(found.metrics, found.title))
    shown = [one for one in found.differences if one.metric in _SHOWN]
    common.console.print(tables.differences_table(shown))
    common.console.print(tables.pairs_table(agreement))
    if out is not None:
        out.write_text(writers[out.suffix](found))
        common.console.print(f"Wrote {out}", highlight=False, soft_wrap=True)


def _measured(name: str, models: Path) -> tuple[list[Prediction], float]:
    """Predictions by the card of today, and the threshold."""
    from detection_model.evaluation.rows import recalibrated

    path, card, threshold = common.card_and_threshold(name, models)
    try:
        predictions = read_predictions(path.with_suffix(".eval") / PREDICTIONS)
    except FileNotFoundError:
        raise CardError(
            f"{name} was not measured: detection-model evaluate {name} --data FOLDER"
        ) from None
    except (OSError, ValueError) as error:
        raise CardError(f"{name}: {PREDICTIONS} cannot be read: {error}") from None
    return recalibrated(predictions, card.calibrator), threshold
