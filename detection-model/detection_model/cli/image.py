"""Commands on single images: `detection-model image …`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from PIL import Image
from rich.markup import escape
from rich.table import Table

import detection_model
from detection_model import PredictOptions, imaging
from detection_model.card import ClassName
from detection_model.cli import common
from detection_model.explain.attribution import Colours
from detection_model.explain.explanation import Method
from detection_model.inference import verdict

if TYPE_CHECKING:
    from detection_model.provenance.record import Provenance


def predict(
    files: Annotated[list[Path], typer.Argument(help="Image files.", metavar="FILE…")],
    model: common.ModelOption = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Replaces the model's threshold.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Classify images as real or generated, and show what each file says of its own origin.

    The exit status is 1 if any file could not be classified; the others are classified anyway.

      detection-model image predict portrait.jpg another.png
    """
    from detection_model.provenance.read import read_statement

    with common.exit_on_error():
        detector = common.load_detector(common.model_or_newest(model, models), models)
    for assumption in detector.assumptions:
        common.warn(assumption.message, "[yellow]assumed:[/]")
    options = PredictOptions(threshold=threshold)
    failed = False
    for file in files:
        try:
            result = detection_model.predict(detector, file, options).verdict
            statement = read_statement(file.read_bytes())
        except (imaging.ImageError, OSError) as error:
            failed = True
            reason = error.message if isinstance(error, imaging.ImageError) else error.strerror
            if as_json:
                typer.echo(json.dumps({"file": str(file), "error": reason}))
            else:
                text = escape(f"{file}: {reason}")
                common.errors.print(f"[red]{text}[/]", highlight=False, soft_wrap=True)
            continue
        if as_json:
            record = {**result.model_dump(), "provenance": statement.model_dump()}
            typer.echo(json.dumps({"file": str(file), **record}))
        else:
            typer.echo(
                f"{file}: {result.verdict.upper()} ({result.fake:.1%} for Fake, threshold "
                f"{result.threshold:.0%}). {verdict.message(result)}"
            )
            if statement.trust != "none":
                typer.echo(f"{file}: {statement.message}")
    raise typer.Exit(int(failed))


def explain(
    picture: Annotated[Path, typer.Argument(help="An image file.")],
    model: common.ModelOption = None,
    method: Annotated[Method, typer.Option(help="gradcam is the fastest.")] = "gradcam",
    out: Annotated[Path, typer.Option(help="PNG file to write.")] = Path("explained.png"),
    towards: Annotated[
        ClassName, typer.Option(help="Show the evidence for this class.", case_sensitive=False)
    ] = "Fake",
    colours: Annotated[
        Colours, typer.Option(help="viridis is perceptually uniform, jet is familiar.")
    ] = "viridis",
    opacity: Annotated[float, typer.Option(min=0, max=1, help="Opacity of the heat map.")] = 0.5,
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Draw a heat map of the image regions that a model takes as evidence for Fake, or for Real.

    The scale is relative: the brightest region is the strongest evidence in this image, however
    weak. A heat map shows what influences the model, not what is wrong with the image.

      detection-model image explain portrait.jpg --method occlusion --out why.png
    """
    from detection_model.explain.attribution import ExplainError, heat, overlay, png, with_legend
    from detection_model.explain.explanation import Explainer
    from detection_model.faces import crop_box
    from detection_model.inference.crops import ImageCrops

    with common.exit_on_error():
        name = common.model_or_newest(model, models)
        if common.ensemble_path(name, models):
            common.fail(f"{name} is an ensemble: explain one of its members")
        explainer = Explainer.load(common.model_path(name, models))
    try:
        pixels = imaging.decode(picture.read_bytes()).pixels
        margin, box, turns = explainer.card.input.face_margin, None, 0
        if margin is not None and (faces := ImageCrops(pixels).faces):
            height, width = pixels.shape[:2]
            box, turns = crop_box(faces[0], margin, height=height, width=width), faces[0].turns
        with common.progress_bar(method) as progress:
            explanation = explainer.explain(method, pixels, box, turns, progress=progress)
        image = overlay(pixels, heat(explanation.attribution, towards), opacity, colours)
        ends = (f"no evidence for {towards}", f"strongest for {towards}")
        out.write_bytes(png(with_legend(image, *ends, colours)))
    except (ExplainError, imaging.ImageError) as error:
        common.fail(str(error))
    except OSError as error:
        common.fail(f"{error.filename}: {error.strerror}")
    figures = "".join(f", {name} {value:.3g}" for name, value in explanation.figures.items())
    common.say(f"{out}: {method} of log-odds {explanation.log_odds:.2f} for Fake{figures}")


def forensics(
    picture: Annotated[Path, typer.Argument(help="An image file.")],
    out: Annotated[
        Path, typer.Option(help="Folder for the views; created if missing.", file_okay=False)
    ],
    averages: Annotated[
        Path | None,
        typer.Option(help="Mean class spectra, written by `data spectra`.", show_default=False),
    ] = None,
) -> None:
    """Write forensic views of an image as PNG files, for a person to judge.

    The views are error level, noise residual, spectrum, JPEG tables, double compression and
    colours; views.json holds their numbers, what each shows, and what it does not prove. None of
    them is a verdict.

      detection-model image forensics portrait.jpg --out views
    """
    from detection_model.forensics import view
    from detection_model.forensics.common import TEXTS, ViewId
    from detection_model.forensics.spectrum import PUBLISHED, read_averages

    data, decoded = common.read_picture(picture)
    try:
        spectra = read_averages(averages or PUBLISHED)
    except (OSError, ValueError) as error:
        common.fail(f"the mean spectra cannot be read: {error}")
    if averages and not spectra:
        common.fail(f"{averages} has no mean spectra; data spectra writes them")
    out.mkdir(parents=True, exist_ok=True)
    record = {}
    for name in get_args(ViewId):
        result = view(name, data, decoded.pixels, spectra)
        for part, image in result.images.items():
            Image.fromarray(image).save(out / f"{name}-{part}.png")
        text = TEXTS[result.id]
        record[name] = {**text._asdict(), "numbers": result.numbers.model_dump()}
        common.console.print(f"[bold]{text.title}[/]\n{text.shows} {text.limits}\n")
    (out / "views.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    common.say(f"Views: {out}")


def provenance(
    picture: Annotated[Path, typer.Argument(help="An image file.")],
    personal: Annotated[
        bool,
        typer.Option("--personal", help="Also show places, names, serial numbers and comments."),
    ] = False,
    anchors: Annotated[
        Path | None,
        typer.Option(help="PEM file with certificates of trusted signers.", dir_okay=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show an image file's metadata and signed content credentials (C2PA).

    A file that declares itself generated is reported as such. Missing metadata proves nothing:
    most web sites strip it, and anyone can write it. Only a valid signature cannot be forged.
    Invisible watermarks, such as SynthID, are not read.

      detection-model image provenance portrait.jpg

      detection-model image provenance portrait.jpg --anchors c2pa-trust-list.pem --json
    """
    from detection_model.provenance.read import read_provenance

    data, _ = common.read_picture(picture)
    try:
        trusted = anchors.read_text(encoding="utf-8") if anchors else None
        record = read_provenance(data, personal=personal, anchors=trusted)
    except OSError as error:
        common.fail(f"{anchors}: {error.strerror or 'cannot be read'}")
    except ValueError as error:
        common.fail(str(error))
    if as_json:
        typer.echo(record.model_dump_json())
    else:
        _print_provenance(record)


def _print_provenance(record: "Provenance") -> None:
    from detection_model.provenance.record import attachment_text, claim_text, credentials_text

    say = common.console.print
    if record.statement.trust != "none":
        say(f"[bold]{escape(record.statement.message)}[/]", soft_wrap=True)
    for claim in record.claims:
        say(f"The file declares itself {escape(claim_text(claim))}", soft_wrap=True)
    if not record.claims:
        say("The file does not declare itself generated. That proves nothing.")
    credentials = escape(credentials_text(record.credentials))
    say(f"Content credentials (C2PA): {credentials}", soft_wrap=True)
    if record.entries:
        table = Table("from", "field", "value")
        for entry in record.entries:
            value = "[dim]masked[/]" if entry.value is None else escape(entry.value[:300])
            table.add_row(entry.source, escape(entry.name), value)
        say(table)
    if record.masked:
        say(f"{record.masked} fields may be personal and are hidden; --personal shows them.")
    for attachment in record.attachments:
        say(f"Besides the picture, the file holds {attachment_text(attachment)}.")
    for problem in record.problems:
        say(f"[yellow]{escape(problem)}[/]")
