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
        typer.Option(min=0.5, max=0.999, help="Coverage of the conformal sets, for each class."),
    ] = 0.9,
    dataset: Annotated[
        str | None, typer.Option(help="Name of the data set in the card; default: its folder's.")
    ] = None,
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Fit a calibrator, a threshold and the uncertainty settings on the validation split.

    The uncertainty settings are conformal sets at a coverage, how far small changes move the
    model and, for a face model, the distribution of the training images. All go into the card.

    Shows the calibration errors before and after on the validation and test splits. Only the test
    figures are unbiased: everything is fitted on the validation split, nothing on the test split.

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
            splits = calibration.merge_splits(
                calibration.predict_splits(detector, folder, dataset, progress) for folder in data
            )
        after = calibration.calibrated_card(
            before, splits["validation"], calibrator.value, threshold_rule.value, target=target
        )
        with common.progress_bar("fitting uncertainty") as progress:
            after = uncertainty.fit_uncertainty(
                after, detector, splits["validation"], data, coverage, progress
            )
    gains = calibration.gains(before, after, splits, calibrator.value)
    write_card(after, path)
    folder = path.with_suffix(".eval")
    folder.mkdir(exist_ok=True)
    (folder / records.CALIBRATION).write_text(gains.model_dump_json(indent=2) + "\n")
    common.console.print(gains_table(gains.gains))
    value, chosen = after.threshold.value, after.threshold.chosen
    common.console.print(f"Threshold {value:.4f}: {chosen}", highlight=False, soft_wrap=True)
    for line in _uncertainty_lines(after):
        common.console.print(line, highlight=False, soft_wrap=True)
    config = eval_config_path(detector.path)
    if config.exists() and (other := read_eval_config(detector.path).threshold) is not None:
        common.errors.print(
            f"[yellow]overridden:[/] the threshold {other} in {config.name} takes precedence",
            highlight=False,
            soft_wrap=True,
        )
    common.console.print(f"Wrote {path}. Next, update the evaluation:", highlight=False)
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
    lines = []
    if sets := card.conformal:
        lines.append(
            f"Sets at {sets.coverage:.0%} coverage: Real up to {sets.real:.4f} for Fake, "
            f"Fake from {1 - sets.fake:.4f}; {sets.data}"
        )
    if margin := card.steadiness:
        lines.append(
            f"Small changes move {margin.share:.0%} of {margin.pictures} pictures by at most "
            f"{margin.reach:.2f} in log-odds"
        )
    if card.scope:
        lines.append(f"Scope of {card.scope.pictures} pictures: {card.scope.data}")
    return lines
