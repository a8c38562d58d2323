"""Measuring several models: `detection-model eval compare|benchmark`."""

import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer

from detection_model.card import CardError, file_sha256
from detection_model.cli import common
from detection_model.data.decoding import fingerprint
from detection_model.data.folders import find_data
from detection_model.evaluation.records import PREDICTIONS, Prediction, read_predictions
from detection_model.evaluation.scoring import ORIGINAL, PERTURBATIONS

_SHOWN = ("auc", "accuracy", "real_accuracy", "fake_accuracy", "tpr_at_fpr_5", "ece", "brier")


def compare(
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

      detection-model eval compare v1 v2 v3

      detection-model eval compare v1 v3 --out comparison.md
    """
    from detection_model.evaluation import comparison, tables
    from detection_model.evaluation.comparison import compare

    writers = {
        ".json": lambda found: found.model_dump_json(indent=2) + "\n",
        ".csv": comparison.as_csv,
        ".md": comparison.as_markdown,
    }
    if len(set(names)) < 2:
        common.fail("name two or more models")
    if out is not None and out.suffix not in writers:
        common.fail(f"{out.name}: write .json, .csv or .md")
    with common.exit_on_error():
        measured = {name: _measured(name, models) for name in names}
    thresholds = {name: threshold for name, (_, threshold) in measured.items()}
    agreement = compare({name: rows for name, (rows, _) in measured.items()}, thresholds)
    try:
        found = comparison.comparison(agreement, thresholds)
    except ValueError as error:
        common.fail(f"{error}: evaluate them on the same data and split")
    common.console.print(tables.estimates_table(found.metrics, found.title))
    shown = [one for one in found.differences if one.metric in _SHOWN]
    common.console.print(tables.differences_table(shown))
    common.console.print(tables.pairs_table(agreement))
    if out is not None:
        out.write_text(writers[out.suffix](found))
        common.console.print(f"Wrote {out}", highlight=False, soft_wrap=True)


def _measured(name: str, models: Path) -> tuple[list[Prediction], float]:
    """Predictions by the card of today, and the threshold."""
    from detection_model.evaluation.evaluate import recalibrated

    path, card, threshold = common.card_and_threshold(name, models)
    try:
        predictions = read_predictions(path.with_suffix(".eval") / PREDICTIONS)
    except FileNotFoundError:
        raise CardError(
            f"{name} was not measured: detection-model eval run {name} --data FOLDER"
        ) from None
    except (OSError, ValueError) as error:
        raise CardError(f"{name}: {PREDICTIONS} cannot be read: {error}") from None
    return recalibrated(predictions, card.calibrator), threshold


# What mostly happens to a portrait before it is looked at, each at a strength that is common.
USUAL = (ORIGINAL, "alike", "jpeg-q40", "resize-0.5")


def benchmark(
    data: Annotated[
        list[str],
        typer.Option(
            help="Data set; FOLDER=GENERATOR,NAME where one made all its fakes, and by another "
            "name than the folder's (either may be empty); repeat. A folder for each generator "
            "(`detection-model data merge`) gives a row for each."
        ),
    ],
    model: Annotated[
        list[str] | None, typer.Option(help="Published name; default: every one. Repeat.")
    ] = None,
    delivery: Annotated[
        list[str] | None,
        typer.Option(help=f"One of {', '.join(PERTURBATIONS)}; repeat.", show_default=False),
    ] = None,
    models: common.ModelsOption = common.MODELS,
    logs: common.LogsOption = common.LOGS,
) -> None:
    """Measure every published model on the test pictures of every data set, and write NAME.eval.

    The set that a model was trained on comes first there, for pages quote the first row. One row
    for each generator and delivery, with 95 % bootstrap intervals. `make benchmark-quality` runs
    this and writes the tables of README.md from it.

      detection-model eval benchmark --data data/All --data data/Dataset=StyleGAN
    """
    from detection_model.evaluation import evaluate as evaluation
    from detection_model.evaluation.evaluate import warnings

    deliveries = delivery or list(USUAL)
    if unknown := [name for name in deliveries if name not in PERTURBATIONS]:
        common.fail(f"no delivery {unknown[0]}: choose from {', '.join(PERTURBATIONS)}")
    names = model or sorted(path.stem for path in models.glob("*.keras"))
    sets = [DataSet.parse(text) for text in data]
    words = [word for one in sets for word in ("--data", one.option)]
    chosen = [word for one in delivery or () for word in ("--delivery", one)]
    loud: dict[str, None] = {}
    for name in names:
        command = shlex.join(
            ["detection-model", "eval", "benchmark", *words, "--model", name, *chosen]
        )
        with common.exit_on_error(), common.progress_bar(name) as judging:
            detector = common.load_detector(name, models)
            training = detector.card.training
            own = training.data_fingerprint if training else None
            results = [
                evaluation.evaluate(
                    detector,
                    one.folder,
                    split="test",
                    threshold=None,
                    dataset=one.name,
                    generator=one.generator,
                    deliveries=deliveries,
                    logs=logs,
                    command=command,
                    judging=judging,
                )
                for one in sorted(sets, key=lambda one: own is None or one.fingerprint != own)
            ]
            result = evaluation.together(results, command)
        for bad in result.bad:
            common.warn_bad(bad)
        evaluation.save(result, detector.path.with_suffix(".eval"))
        loud |= dict.fromkeys(warnings(result.evaluation))
        common.console.print(f"{name}: saved in {detector.path.stem}.eval", highlight=False)
    for text in loud:
        common.errors.print(f"[bold red]WARNING:[/] {text}", highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class DataSet:
    """A data set as given by `--data FOLDER=GENERATOR,NAME`."""

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
        """The value of --data for a reader who has the data set in data/."""
        named = f"{self.generator or ''}{',' if self.name else ''}{self.name or ''}"
        return f"data/{self.folder.name}{'=' if named else ''}{named}"

    @cached_property
    def fingerprint(self) -> str:
        """The data fingerprint in the card of a model trained on this set."""
        train = find_data(self.folder).splits.get("train", [])
        return fingerprint((one, file_sha256(one.path)) for one in train)
