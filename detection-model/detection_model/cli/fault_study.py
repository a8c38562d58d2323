"""`detection-model fault-study`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from detection_model.cli import common
from detection_model.data.folders import find_data
from detection_model.data.issues import said_of
from detection_model.training.config import configured

# Each strong enough to be seen in a few epochs; its strength is in the table's name.
PLANTED: dict[str, dict[str, Any]] = {
    "none": {},
    "label noise 20 %": {"label_noise": 0.2},
    "label noise 40 %": {"label_noise": 0.4},
    "input noise 50": {"input_noise": 50},
    "shuffled labels": {"shuffled_labels": True},
    "wrong loss": {"wrong_loss": True},
    "every second gradient skipped": {"skip_gradients": 2},
    "a layer reset every 10 batches": {"reset_weights": 10},
}


def command(
    data: Annotated[Path, typer.Option(help="Data set, laid out as for train.")],
    recipe: Annotated[str, typer.Option(help="What to train.")] = "v3",
    epochs: Annotated[int, typer.Option(min=1)] = 5,
    image_size: Annotated[int | None, typer.Option(min=8)] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Instead of LOGS/fault-study.", show_default=False),
    ] = None,
    logs: common.LogsOption = common.LOGS,
) -> None:
    """Train briefly under each planted fault; write a table and a plot of the damage.

    Label noise, input noise, shuffled labels, a wrong loss, skipped gradients and weights that
    are reset, beside a training without a fault on the same pictures and with the same seed.
    Stopped, the same command goes on.

      detection-model fault-study --data data/Dataset
    """
    from detection_model.training.study import Study, conduct

    folder = out or logs / "fault-study"
    with common.refusals(), common.interruptions():
        configs = {
            name: configured(
                common.known_recipe(recipe),
                {"data": str(data), "epochs": epochs, "image_size": image_size},
                {"name": f"fault-study-{recipe}-{number}", "faults": faults},
            )
            for number, (name, faults) in enumerate(PLANTED.items())
        }
        study = Study(
            f"{recipe} under planted faults, {epochs} epochs on {data.resolve().name}",
            configs,
            against=next(iter(PLANTED)),
            warnings=said_of(find_data(data), logs),
        )
        conduct(study, folder, logs, common.reporter())
    common.show_study(folder)
