"""`detection-model card`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from detection_model.card import card_path, write_card
from detection_model.cli import common


def command(
    model: Annotated[str, typer.Argument(help="Name, or path of a model file.")],
    data: Annotated[Path, typer.Option(help="Labelled pictures, laid out as for train.")],
    models: common.ModelsOption = common.MODELS,
    force: Annotated[bool, typer.Option("--force", help="Replace a card.")] = False,
) -> None:
    """Find out on labelled pictures what a model file wants and means, and write its card.

    Tries value ranges and both meanings of the output, shows the AUC of each, and writes the
    best as MODEL.json. Some hundred pictures are enough. Read the card and complete it: licences,
    training and known failures are not to be found out.

      detection-model card foreign --data data/Dataset
    """
    from detection_model.evaluation.probing import chosen, readings

    with common.refusals():
        path = common.model_path(model, models)
        if card_path(path).exists() and not force:
            common.refuse(f"{card_path(path).name} exists; --force replaces it")
        with common.progress_bar("reading") as progress:
            found = readings(path, data, progress=progress)
        table = Table("values", "0 means", "1 means", "AUC")
        for reading in found:
            table.add_row(reading.values, *reading.card.output.classes, f"{reading.auc:.4f}")
        common.console.print(table)
        best = chosen(found)
    write_card(best.card, card_path(path))
    common.console.print(f"Wrote {card_path(path)}", highlight=False, soft_wrap=True)
