"""`detection-model backbone-study`."""

from pathlib import Path
from typing import Annotated

import typer

from detection_model import architectures
from detection_model.cli import common
from detection_model.data.folders import find_data
from detection_model.data.issues import said_of
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

    A version whose pretrained weights are not here gets a row that says so. Figures on the test
    part come with their 95 % intervals. Stopped, the same command goes on.

      detection-model backbone-study --data data/Dataset --recipes v3,efficientnet-lite0
    """
    from detection_model.evaluation.evaluate import evaluate
    from detection_model.inference.detector import Detector
    from detection_model.training.results import Outcome
    from detection_model.training.study import Study, conduct

    def judge(model: Path) -> dict[str, float]:
        found = evaluate(
            Detector.load(model), data, split="test", threshold=None, command="backbone-study"
        )
        chosen = {name: found.row.metrics[name] for name in METRICS}
        return {
            f"{name}{of}": value
            for name, one in chosen.items()
            for of, value in (("", one.value), ("_low", one.low), ("_high", one.high))
        }

    folder = out or logs / "backbone-study"
    with common.refusals(), common.interruptions():
        chosen = [common.known_recipe(name.strip()) for name in recipes.split(",")]
        shared = read_settings(config) if config else {}
        flags = {"data": str(data), "epochs": epochs}
        study = Study(
            f"Versions trained on {data.resolve().name}",
            {
                name: configured(name, shared, flags, {"name": f"backbone-study-{name}"})
                for name in chosen
            },
            left_out=[
                Outcome(name, status="not run: not chosen")
                for name in architectures.ZOO
                if name not in chosen
            ],
            warnings=said_of(find_data(data), logs),
            judge=judge,
        )
        conduct(study, folder, logs, common.reporter())
    common.show_study(folder)
