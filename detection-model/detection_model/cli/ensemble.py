"""`detection-model ensemble`."""

from pathlib import Path
from typing import Annotated

import typer

from detection_model.card import MODEL_SUFFIXES, card_path, read_card, write_card
from detection_model.cli import common


def command(
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
        typer.Option(min=1e-6, help="Of each member in the mean, in their order; default: equal."),
    ] = None,
    models: common.ModelsOption = common.MODELS,
    force: Annotated[bool, typer.Option("--force", help="Replace an ensemble.")] = False,
) -> None:
    """Publish several models as one: the mean of their calibrated probabilities, or a stack.

    Writes a card, MODELS/NAME.json, that names its members by SHA-256 and keeps their
    calibrators; calibrate the members first. evaluate, calibrate, compare and predict take it
    like a model.

      detection-model ensemble all v1 v2 v3

      detection-model ensemble stack v1 v2 v3 --stack data/Dataset
    """
    from detection_model.evaluation.stacking import ensemble_card, stacked_card
    from detection_model.inference.detector import Detector
    from detection_model.inference.ensemble import member_files

    path = models / f"{name}.json"
    if any(path.with_suffix(suffix).exists() for suffix in MODEL_SUFFIXES):
        common.refuse(f"{name} is the name of a model")
    if path.exists() and not force:
        common.refuse(f"{path.name} exists; --force replaces it")
    if weight and (stack or len(weight) != len(members)):
        common.refuse("--weight: one for each member of a mean")
    with common.refusals():
        files = [common.model_path(member, models) for member in members]
        if strangers := [file.name for file in files if file.parent.resolve() != models.resolve()]:
            common.refuse(f"{strangers[0]} is not in {models}: members stand beside the card")
        cards = [read_card(card_path(file)) for file in files]
        card = ensemble_card(name, cards, weights=weight)
        if stack:
            detectors = [Detector.load(file) for file in files]
            with common.progress_bar("reading") as progress:
                card = stacked_card(card, detectors, stack, progress)
        member_files(path, card)
    write_card(card, path)
    common.console.print(
        f"Wrote {path}. Next: detection-model evaluate {name} --data FOLDER",
        highlight=False,
        soft_wrap=True,
    )
