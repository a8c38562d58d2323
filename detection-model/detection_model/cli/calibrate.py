"""`detection-model eval calibrate`."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from detection_model.card import Card, card_path, read_card, write_card
from detection_model.card.eval_config import eval_config_path, read_eval_config
from detection_model.cli import common


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


def calibrate(
    model: Annotated[str, typer.Argument(help="Published name, or path of a model file.")],
    data: Annotated[
        list[Path], typer.Option(help="Labelled data set, laid out as for train; repeatable.")
    ],
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
    coverage: Annotated[
        float,
        typer.Option(min=0.5, max=0.999, help="Of each class, pictures whose set holds it."),
    ] = 0.9,
    dataset: Annotated[
        str | None, typer.Option(help="Name of the data set in the card; default: its folder's.")
    ] = None,
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Fit a calibrator, a threshold and the uncertainty settings on the validation split.

    The uncertainty settings are conformal sets at a coverage, how far small changes move the
    model and, for a face model, the distribution of the training images. All go into the card.

    Shows what that gains on the validation and on the test split: the first has been fitted on,
    only the second counts. The test split decides nothing.

      detection-model eval calibrate v3 --data data/Dataset

      detection-model eval calibrate v3 --data data/Dataset --calibrator isotonic
      --threshold-rule target-fpr --target 0.01
    """
    from detection_model.evaluation import calibration, records, uncertainty
    from detection_model.evaluation.tables import gains_table

    with common.exit_on_error():
        detector = common.load_detector(model, models)
        path = card_path(detector.path)
        if not path.exists():
            common.fail(f"{model} has no card: detection-model model card {model} --data FOLDER")
        before = read_card(path)
        with common.progress_bar("reading") as progress:
            splits = calibration.together(
                calibration.predict_splits(detector, folder, dataset, progress) for folder in data
            )
        after = calibration.calibrated_card(
            before, splits["validation"], calibrator.value, threshold_rule.value, target=target
        )
        with common.progress_bar("doubting") as progress:
            after = uncertainty.fit_uncertainty(
                after, detector, splits["validation"], data, coverage, progress
            )
    found = calibration.gains(before, after, splits, calibrator.value)
    write_card(after, path)
    folder = path.with_suffix(".eval")
    folder.mkdir(exist_ok=True)
    (folder / records.CALIBRATION).write_text(found.model_dump_json(indent=2) + "\n")
    common.console.print(gains_table(found.gains))
    value, chosen = after.threshold.value, after.threshold.chosen
    common.console.print(f"Threshold {value:.4f}: {chosen}", highlight=False, soft_wrap=True)
    for said in _uncertainty_lines(after):
        common.console.print(said, highlight=False, soft_wrap=True)
    config = eval_config_path(detector.path)
    if config.exists() and (other := read_eval_config(detector.path).threshold) is not None:
        common.errors.print(
            f"[yellow]overridden:[/] {config.name} says {other}, and goes before the card",
            highlight=False,
            soft_wrap=True,
        )
    common.console.print(f"Wrote {path}. Next, so that its figures agree:", highlight=False)
    predictions = folder / "predictions.csv"
    if predictions.exists():
        command = ["eval", "run", model, "--from-predictions", str(predictions)]
    elif len(data) == 1:
        command = ["eval", "run", model, "--data", str(data[0])]
    else:
        folders = [word for folder in data for word in ("--data", str(folder))]
        command = ["eval", "benchmark", "--model", model, *folders]
    common.console.print(
        f"  {shlex.join(['detection-model', *command])}", highlight=False, soft_wrap=True
    )


def _uncertainty_lines(card: Card) -> list[str]:
    """One line per fitted uncertainty setting."""
    said = []
    if found := card.conformal:
        said.append(
            f"Sets at {found.coverage:.0%} coverage: Real up to {found.real:.4f} for Fake, "
            f"Fake from {1 - found.fake:.4f}; {found.data}"
        )
    if moved := card.steadiness:
        said.append(
            f"Small changes move {moved.share:.0%} of {moved.pictures} pictures by at most "
            f"{moved.reach:.2f} in log-odds"
        )
    if card.scope:
        said.append(f"Scope of {card.scope.pictures} pictures: {card.scope.data}")
    return said
