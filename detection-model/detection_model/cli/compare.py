"""Calibrating and comparing models: `detection-model eval calibrate|compare|benchmark`."""

import shlex
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer

from detection_model.card import (
    Card,
    CardError,
    card_path,
    eval_config_path,
    file_sha256,
    read_card,
    read_eval_config,
    write_card,
)
from detection_model.cli import common
from detection_model.data.folders import find_data
from detection_model.data.preprocessing import BadPicture, fingerprint
from detection_model.evaluation.records import PREDICTIONS, Prediction
from detection_model.evaluation.scoring import ORIGINAL, PERTURBATIONS


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

      detection-model eval calibrate mine --data data/Dataset

      detection-model eval calibrate mine --data data/Dataset --calibrator isotonic
      --threshold-rule target-fpr --target 0.01
    """
    from detection_model.evaluation import calibration, fit_uncertainty, records
    from detection_model.evaluation.display import gains_table

    with common.exit_on_error():
        detector = common.load_detector(model, models)
        path = card_path(detector.path)
        if not path.exists():
            common.fail(f"{model} has no card: detection-model model card {model} --data FOLDER")
        before = read_card(path)
        bad: list[BadPicture] = []
        with common.progress_bar("reading") as progress:
            splits = calibration.merge_splits(
                calibration.predict_splits(detector, folder, dataset, progress, bad.append)
                for folder in data
            )
        common.report_bad(bad)
        after = calibration.calibrated_card(
            before, splits["validation"], calibrator.value, threshold_rule.value, target=target
        )
        with common.progress_bar("fitting uncertainty") as progress:
            after = fit_uncertainty.fit_uncertainty(
                after, detector, splits["validation"], data, coverage, progress
            )
    gains = calibration.gains(before, after, splits, calibrator.value)
    write_card(after, path)
    folder = path.with_suffix(".eval")
    folder.mkdir(exist_ok=True)
    (folder / records.CALIBRATION).write_text(gains.model_dump_json(indent=2) + "\n")
    common.console.print(gains_table(gains.gains))
    value, explanation = after.threshold.value, after.threshold.chosen
    common.say(f"Threshold {value:.4f}: {explanation}")
    for line in _uncertainty_lines(after):
        common.say(line)
    config = eval_config_path(detector.path)
    if config.exists() and (other := read_eval_config(detector.path).threshold) is not None:
        common.warn(
            f"the threshold {other} in {config.name} takes precedence", "[yellow]overridden:[/]"
        )
    common.say(f"Wrote {path}. Next, update the evaluation:")
    predictions = folder / "predictions.csv"
    if predictions.exists():
        command = ["eval", "run", model, "--from-predictions", str(predictions)]
    elif len(data) == 1:
        command = ["eval", "run", model, "--data", str(data[0])]
    else:
        folders = [word for folder in data for word in ("--data", str(folder))]
        command = ["eval", "benchmark", "--model", model, *folders]
    common.say(f"  {shlex.join(['detection-model', *command])}")


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


_SHOWN = ("auc", "accuracy", "real_accuracy", "fake_accuracy", "tpr_at_fpr_5", "ece", "brier")


def compare(
    names: Annotated[
        list[str], typer.Argument(help="Two or more published names.", metavar="MODEL…")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Write every metric of every pair to .json, .csv or .md.")
    ] = None,
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Compare models on the pictures that all of them were evaluated on.

    Reads the predictions that `eval run` saved. A difference is marked real if its 95 % interval,
    from bootstrap resamples shared by both models, excludes 0. McNemar's exact test compares the
    classes at each model's threshold.

      detection-model eval compare v1 v2 v3

      detection-model eval compare v1 v3 --out comparison.md
    """
    from detection_model.evaluation import comparison, display
    from detection_model.evaluation.comparison import compare

    writers = {
        ".json": lambda result: result.model_dump_json(indent=2) + "\n",
        ".csv": comparison.as_csv,
        ".md": comparison.as_markdown,
    }
    if len(set(names)) < 2:
        common.fail("name two or more models")
    if out is not None and out.suffix not in writers:
        common.fail(f"{out.name}: write .json, .csv or .md")
    with common.exit_on_error():
        results = {name: _measured(name, models) for name in names}
    thresholds = {name: threshold for name, (_, threshold) in results.items()}
    agreement = compare({name: rows for name, (rows, _) in results.items()}, thresholds)
    try:
        result = comparison.comparison(agreement, thresholds)
    except ValueError as error:
        common.fail(f"{error}: run `detection-model eval run` for each on the same data and split")
    common.console.print(display.estimates_table(result.metrics, result.title))
    rows = [difference for difference in result.differences if difference.metric in _SHOWN]
    common.console.print(display.differences_table(rows))
    common.console.print(display.pairs_table(agreement))
    if out is not None:
        out.write_text(writers[out.suffix](result))
        common.say(f"Wrote {out}")


def _measured(name: str, models: Path) -> tuple[list[Prediction], float]:
    """Predictions with the card's current calibrator, and the threshold."""
    from detection_model.evaluation.evaluate import read_measured

    path, card, threshold = common.card_and_threshold(name, models)
    file = path.with_suffix(".eval") / PREDICTIONS
    if not file.exists():
        raise CardError(f"{name} was not measured: detection-model eval run {name} --data FOLDER")
    try:
        predictions, _ = read_measured(file, card)
    except CardError as error:
        raise CardError(f"{name}: {error}") from None
    return predictions, threshold


# Common perturbations of shared pictures at common strengths.
COMMON = (ORIGINAL, "alike", "jpeg-q40", "resize-0.5")


def benchmark(
    data: Annotated[
        list[str],
        typer.Option(
            help="Data set; repeatable. FOLDER=GENERATOR,NAME names the generator of all fakes "
            "and the data set in tables (both optional). A subfolder for each generator "
            "(`detection-model data merge`) gives a row for each."
        ),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(help="Published name; repeatable. Default: all."),
    ] = None,
    perturb: Annotated[
        list[str] | None,
        typer.Option(help=f"One of {', '.join(PERTURBATIONS)}; repeatable.", show_default=False),
    ] = None,
    delivery: Annotated[list[str] | None, typer.Option(hidden=True)] = None,
    models: common.ModelsOption = common.MODELS,
    logs: common.LogsOption = common.LOGS,
) -> None:
    """Evaluate every model and ensemble on the test split of every data set, and write NAME.eval.

    A model's own training set comes first, because the page quotes the first row. There is one row
    for each generator and perturbation, with 95 % bootstrap intervals. `make benchmark-quality`
    runs this and writes the tables of README.md.

      detection-model eval benchmark --data data/All --data data/Dataset=StyleGAN
    """
    from detection_model.evaluation import evaluate as evaluation
    from detection_model.evaluation.evaluate import warnings

    perturbations = [*(perturb or ()), *(delivery or ())]
    if unknown := [name for name in perturbations if name not in PERTURBATIONS]:
        common.fail(f"no perturbation {unknown[0]}: choose from {', '.join(PERTURBATIONS)}")
    with common.exit_on_error():
        names = model or common.published_names(models)
    if not names:
        common.fail(f"{models} has no models")
    sets = [DataSet.parse(text) for text in data]
    words = [word for data_set in sets for word in ("--data", data_set.option)]
    flags = [word for name in perturbations for word in ("--perturb", name)]
    texts: dict[str, None] = {}
    for name in names:
        command = shlex.join(
            ["detection-model", "eval", "benchmark", *words, "--model", name, *flags]
        )
        with common.exit_on_error(), common.progress_bar(name) as predicting:
            detector = common.load_detector(name, models)
            training = detector.card.training
            own = training.data_fingerprint if training else None
            results = [
                evaluation.evaluate(
                    detector,
                    data_set.folder,
                    split="test",
                    threshold=None,
                    dataset=data_set.name,
                    generator=data_set.generator,
                    perturbations=perturbations or COMMON,
                    logs=logs,
                    command=command,
                    predicting=predicting,
                )
                for data_set in sorted(
                    sets, key=lambda data_set: own is None or data_set.fingerprint != own
                )
            ]
            result = evaluation.merge_results(results, command)
        for bad in result.bad:
            common.warn_bad(bad)
        evaluation.save(result, detector.path.with_suffix(".eval"))
        texts |= dict.fromkeys(warnings(result.evaluation))
        common.say(f"{name}: saved in {detector.path.stem}.eval")
    for text in texts:
        common.warn(text)


@dataclass(frozen=True)
class DataSet:
    """A data set parsed from `--data FOLDER=GENERATOR,NAME`."""

    folder: Path
    generator: str | None
    name: str | None

    @classmethod
    def parse(cls, text: str) -> "DataSet":
        """Split FOLDER=GENERATOR,NAME; both names are optional."""
        folder, _, rest = text.partition("=")
        generator, _, name = rest.partition(",")
        return cls(Path(folder), generator or None, name or None)

    @property
    def option(self) -> str:
        """The value of --data, with the folder below data/, for the recorded command."""
        named = f"{self.generator or ''}{',' if self.name else ''}{self.name or ''}"
        return f"data/{self.folder.name}{'=' if named else ''}{named}"

    @cached_property
    def fingerprint(self) -> str:
        """The data fingerprint in the card of a model trained on this set."""
        train = find_data(self.folder).splits.get("train", [])
        return fingerprint((example, file_sha256(example.path)) for example in train)
