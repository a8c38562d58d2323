"""`detection-model explain`."""

from pathlib import Path
from typing import Annotated

import typer

from detection_model import imaging
from detection_model.card import ClassName
from detection_model.cli import common
from detection_model.explain.explanation import Method
from detection_model.explain.overlay import Colours


def command(
    picture: Annotated[Path, typer.Argument(help="The picture.")],
    model: Annotated[str, typer.Option(help="Published name, or path of a model file.")] = "v3",
    method: Annotated[Method, typer.Option(help="The first is quick.")] = "gradcam",
    out: Annotated[Path, typer.Option(help="PNG file to write.")] = Path("explained.png"),
    towards: Annotated[
        ClassName, typer.Option(help="Show what speaks for this.", case_sensitive=False)
    ] = "Fake",
    colours: Annotated[
        Colours, typer.Option(help="Perceptually even, or the familiar one.")
    ] = "viridis",
    opacity: Annotated[float, typer.Option(min=0, max=1, help="Of the heat map.")] = 0.5,
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Show which parts of a picture speak for Fake, or for Real, to a model.

    The brightest place is where most speaks for it in this picture, however little that is. A heat
    map tells what moves the model, not what is wrong with the picture.

      detection-model explain portrait.jpg --model v3 --method occlusion --out why.png
    """
    from detection_model.explain.attribution import ExplainError, heat
    from detection_model.explain.explanation import Explainer
    from detection_model.explain.overlay import overlay, png, with_legend
    from detection_model.faces import judged_box

    with common.refusals():
        if common.ensemble_path(model, models):
            common.refuse(f"{model} is an ensemble: explain its members, one by one")
        explainer = Explainer.load(common.model_path(model, models))
    try:
        pixels = imaging.decode(picture.read_bytes()).pixels
        box = judged_box(pixels, explainer.card.input.face_margin)
        with common.progress_bar(method) as progress:
            found = explainer.explain(method, pixels, box, progress)
        drawn = overlay(pixels, heat(found.attribution, towards), opacity, colours)
        ends = (f"nothing for {towards}", f"most for {towards}")
        out.write_bytes(png(with_legend(drawn, *ends, colours)))
    except (ExplainError, imaging.ImageError) as error:
        common.refuse(str(error))
    except OSError as error:
        common.refuse(f"{error.filename}: {error.strerror}")
    figures = "".join(f", {name} {value:.3g}" for name, value in found.figures.items())
    common.console.print(
        f"{out}: {method} of log-odds {found.log_odds:.2f} for Fake{figures}", highlight=False
    )
