"""`detection-model backbone-study`."""

from pathlib import Path
from typing import Annotated

import typer

from detection_model import zoo
from detection_model.cli import common
from detection_model.training.config import configured, read_settings

METRICS = ("auc", "accuracy")


def command(
    data: Annotated[Path, typer.Option(help="Data set, laid out as for train.")],
    recipes: Annotated[
        str, typer.Option(help="What to train, with commas; all others are listed as not run.")
    ] = "v1,v2,v3,mobilenetv2,efficientnet-lite0,efficientnet-b0",
    config: Annotated[
        Path | None, typer.Option(help="YAML file with settings for all, as for train.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of each one's own.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Instead of LOGS/backbone-study.", show_default=False),
    ] = None,
    logs: common.LogsOption = common.LOGS,
) -> None:
    """Train a list of versions on the same split, judge them on its test part, write a table.

    A version whose pretrained weights are not here gets a row that says so.

      detection-model backbone-study --data data/Dataset --recipes v3,efficientnet-lite0
    """
    from detection_model.detector import Detector
    from detection_model.evaluation.evaluate import evaluate
    from detection_model.training.study import (
        NOTES,
        PLOT,
        Outcome,
        curves_figure,
        train_all,
        write_tables,
    )

    def judge(model: Path) -> dict[str, float]:
        found = evaluate(
            Detector.load(model), data, split="test", threshold=None, command="backbone-study"
        )
        return {name: found.row.metrics[name].value for name in METRICS}

    folder = out or logs / "backbone-study"
    with common.refusals(), common.interruptions():
        chosen = [common.known_recipe(name.strip()) for name in recipes.split(",")]
        shared = read_settings(config) if config else {}
        flags = {"data": str(data), "epochs": epochs}
        configs = {name: configured(name, shared, flags, {"name": name}) for name in chosen}
        outcomes = list(train_all(configs, folder, common.reporter(), judge))
    outcomes += [
        Outcome(name, status="not run: not chosen") for name in zoo.ZOO if name not in chosen
    ]
    write_tables(outcomes, folder, f"Versions trained on {data.resolve().name}")
    curves_figure(outcomes).savefig(folder / PLOT)
    common.console.print((folder / NOTES).read_text(), highlight=False, soft_wrap=True)
    common.console.print(f"Written to {folder}", highlight=False, soft_wrap=True)
