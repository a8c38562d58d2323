"""Commands on model files: `detection-model model …`."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from detection_model.card import (
    NoCalibrator,
    Threshold,
    card_path,
    file_sha256,
    model_files,
    read_card,
    write_card,
)
from detection_model.cli import common
from detection_model.data.preprocessing import BadPicture
from detection_model.inference.detector import member_files

if TYPE_CHECKING:
    from detection_model.export.exporters import FormatName, Report


def card(
    model: Annotated[str, typer.Argument(help="Name, or path of a model file.")],
    data: Annotated[Path, typer.Option(help="Labelled pictures, laid out as for train.")],
    models: common.ModelsOption = common.MODELS,
    force: Annotated[bool, typer.Option("--force", help="Replace a card.")] = False,
) -> None:
    """Probe the input convention of a model file on labelled images, and write its card.

    Tries value ranges and both class orders, shows the AUC of each, and writes the best as
    MODEL.json. A few hundred pictures are enough. Read the card and complete it: licences,
    training data and known failures cannot be inferred.

      detection-model model card foreign --data data/Dataset
    """
    from detection_model.evaluation.cards import best_convention, probe_conventions

    with common.exit_on_error():
        path = common.model_path(model, models)
        if card_path(path).exists() and not force:
            common.fail(f"{card_path(path).name} exists; --force replaces it")
        bad: list[BadPicture] = []
        with common.progress_bar("reading") as progress:
            conventions = probe_conventions(path, data, progress=progress, on_bad=bad.append)
        common.report_bad(bad)
        table = Table("values", "0 means", "1 means", "AUC")
        for convention in conventions:
            classes = convention.card.output.classes
            table.add_row(convention.values, *classes, f"{convention.auc:.4f}")
        common.console.print(table)
        best = best_convention(conventions)
    write_card(best.card, card_path(path))
    common.say(f"Wrote {card_path(path)}")


def convert(
    model: Annotated[str, typer.Argument(help="Name, or path of a model file.")],
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Convert a model for serving, and keep the result with the model as MODEL.litert/.

    The service converts every other model at its first start, which takes seconds to a minute.

      detection-model model convert v5
    """
    from detection_model.export.litert import compile_model, publish_compiled, published_folder

    with common.exit_on_error():
        path = common.model_path(model, models)
        folder = published_folder(path)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".converting-") as temporary:
            output = Path(temporary) / folder.name
            output.mkdir()
            report = compile_model(path, file_sha256(path), output)
            if report.engine != "litert":
                common.fail(f"{path.name} {report.note}; the service runs it with TensorFlow")
            publish_compiled(report, output, folder)
    common.say(
        f"Wrote {folder}: probabilities differ from Keras by at most {report.max_difference:.1g}"
    )


def average(
    name: Annotated[str, typer.Argument(help="Publish under this name.")],
    networks: Annotated[
        list[str],
        typer.Argument(
            help="Two or more published names with their weights.", metavar="MODEL=WEIGHT…"
        ),
    ],
    models: common.ModelsOption = common.MODELS,
    force: Annotated[bool, typer.Option("--force", help="Replace a published model.")] = False,
) -> None:
    """Average the weights of networks that were fine-tuned from the same start, and publish it.

    The result is one network, as fast as each of them; an ensemble runs all of its members. The
    card is the first model's without its measurements: calibrate and evaluate the average.

      detection-model model average v4 v4-b=0.75 v4-a=0.25
    """
    from detection_model.inference.detector import load_original
    from detection_model.training.callbacks import save_weights_only
    from detection_model.training.network import averaged

    path = models / f"{name}.keras"
    if path.exists() and not force:
        common.fail(f"{path.name} exists; --force replaces it")
    with common.exit_on_error():
        shares = {
            member: common.comma_separated(share, float, member)[0]
            for member, share in common.name_value_pairs(networks).items()
        }
        if len(shares) < 2 or min(shares.values()) <= 0:
            common.fail("name two or more models, each with a weight above 0")
        files = [common.model_path(member, models) for member in shares]
        cards = [read_card(card_path(file)) for file in files]
        if len({(other.input, other.output) for other in cards}) > 1:
            common.fail("their cards differ in input or output: they cannot be averaged")
        mean = averaged([load_original(file) for file in files], [*shares.values()])
    save_weights_only(mean, path)
    total = sum(shares.values())
    shares_text = ", ".join(f"{share / total:.2f} of {member}" for member, share in shares.items())
    changes = {
        "name": name,
        "sha256": file_sha256(path),
        "summary": f"{cards[0].summary} Its weights are the mean of {shares_text}.",
        "calibrator": NoCalibrator(),
        "threshold": Threshold(),
        "conformal": None,
        "scope": None,
        "steadiness": None,
        "known_failures": (),
    }
    write_card(cards[0].model_copy(update=changes), card_path(path))
    common.say(f"Published {path}. Next: detection-model eval calibrate {name} --data FOLDER")


def ensemble(
    name: Annotated[str, typer.Argument(help="Publish under this name.")],
    members: Annotated[
        list[str], typer.Argument(help="Two or more published names.", metavar="MODEL…")
    ],
    stack: Annotated[
        Path | None,
        typer.Option(
            help="Labelled data set: fit a logistic regression over the members' logits on its "
            "validation split, instead of their mean.",
            metavar="FOLDER",
        ),
    ] = None,
    weight: Annotated[
        list[float] | None,
        typer.Option(min=1e-6, help="Weight of each member in the mean, in order; default: equal."),
    ] = None,
    models: common.ModelsOption = common.MODELS,
    force: Annotated[bool, typer.Option("--force", help="Replace an ensemble.")] = False,
) -> None:
    """Publish several models as one: the mean of their calibrated probabilities, or a stack.

    Writes a card, MODELS/NAME.json, with the members' SHA-256 and calibrators; calibrate the
    members first. The commands of `eval` and `image predict` accept it like a model.

      detection-model model ensemble all v1 v2 v3

      detection-model model ensemble stack v1 v2 v3 --stack data/Dataset
    """
    from detection_model.evaluation.cards import ensemble_card, stacked_card
    from detection_model.inference.detector import Detector, member_files

    path = models / f"{name}.json"
    if name in model_files(models):
        common.fail(f"{name} is the name of a model")
    if path.exists() and not force:
        common.fail(f"{path.name} exists; --force replaces it")
    if weight and (stack or len(weight) != len(members)):
        common.fail("--weight: give one for each member of a mean")
    with common.exit_on_error():
        files = [common.model_path(member, models) for member in members]
        if strangers := [file.name for file in files if file.parent.resolve() != models.resolve()]:
            common.fail(f"{strangers[0]} is not in {models}: members must be in the card's folder")
        cards = [read_card(card_path(file)) for file in files]
        card = ensemble_card(name, cards, weights=weight)
        if stack:
            detectors = [Detector.load(file) for file in files]
            with common.progress_bar("reading") as progress:
                card = stacked_card(card, detectors, stack, progress)
        member_files(path, card)
    write_card(card, path)
    common.say(f"Wrote {path}. Next: detection-model eval run {name} --data FOLDER")


def export(
    model: Annotated[
        str, typer.Argument(help="Published name of a model or ensemble, or path of a file.")
    ],
    to: Annotated[
        list[str],
        typer.Option(help="litert, litert-float16, litert-int8, onnx or saved-model; repeatable."),
    ],
    data: Annotated[
        Path | None,
        typer.Option(help="Labelled pictures for the comparison and for int8 calibration."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write into.", file_okay=False)] = Path(
        "exported"
    ),
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Export a model to other formats, with a report of size and parity.

    Each export is compared with Keras on up to 100 pictures from --data, or on generated ones.
    Exports keep the model's own outputs, which the card describes. For an ensemble, each member is
    exported; the card describes how to combine their outputs.

      detection-model model export v3 --to litert-float16 --to onnx --data data/Dataset
    """
    from detection_model.export.exporters import FORMATS

    if unknown := [name for name in to if name not in FORMATS]:
        common.fail(f"no format {unknown[0]}; choose from {', '.join(FORMATS)}")
    if "litert-int8" in to and data is None:
        common.fail("litert-int8 is calibrated on pictures: name a data set with --data")
    with common.exit_on_error():
        ensemble = common.ensemble_path(model, models)
        paths = (
            member_files(ensemble, read_card(ensemble))
            if ensemble
            else [common.model_path(model, models)]
        )
        out.mkdir(parents=True, exist_ok=True)
        formats = [name for name in FORMATS if name in to]
        reports = [report for path in paths for report in _exports(path, formats, data, out)]
    common.console.print(_report_table(reports))
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.2f} MB" for path in paths)
    common.say(f"Keras: {sizes}. Written to {out}")
    if ensemble:
        common.say(
            f"{ensemble.stem} is an ensemble: these are its members. Combine their outputs with "
            f"the calibrators, weights and threshold in {ensemble.name}."
        )


def _exports(
    path: Path, formats: "list[FormatName]", data: Path | None, out: Path
) -> "Iterator[Report]":
    from detection_model.export.exporters import comparison_pictures, write
    from detection_model.inference.detector import Detector

    detector = Detector.load(path)
    pictures = comparison_pictures(detector.card.input, data)
    for name in formats:
        yield write(
            path, detector.card, name, out / path.stem, pictures, threshold=detector.threshold
        )


def _report_table(reports: "list[Report]") -> Table:
    title = "difference from Keras in the probability of Fake"
    table = Table("format", "file", "MB", "largest", "mean", "other class", title=title)
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
