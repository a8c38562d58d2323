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

      detection-model explain portrait.jpg --method occlusion --out why.png
    """
    from detection_model.explain.attribution import ExplainError, heat
    from detection_model.explain.explanation import Explainer
    from detection_model.explain.overlay import overlay, png, with_legend
    from detection_model.faces import judged_box

    with common.refusals():
        name = common.model_or_newest(model, models)
        if common.ensemble_path(name, models):
            common.refuse(f"{name} is an ensemble: explain one of its members")
        explainer = Explainer.load(common.model_path(name, models))
    try:
        pixels = imaging.decode(picture.read_bytes()).pixels
        box = judged_box(pixels, explainer.card.input.face_margin)
        with common.progress_bar(method) as progress:
            explanation = explainer.explain(method, pixels, box, progress)
        image = overlay(pixels, heat(explanation.attribution, towards), opacity, colours)
        ends = (f"no evidence for {towards}", f"strongest for {towards}")
        out.write_bytes(png(with_legend(image, *ends, colours)))
    except (ExplainError, imaging.ImageError) as error:
        common.refuse(str(error))
    except OSError as error:
        common.refuse(f"{error.filename}: {error.strerror}")
    figures = "".join(f", {name} {value:.3g}" for name, value in explanation.figures.items())
    common.console.print(
        f"{out}: {method} of log-odds {explanation.log_odds:.2f} for Fake{figures}", highlight=False
    )
