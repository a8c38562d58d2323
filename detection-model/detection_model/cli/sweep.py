"""`detection-model sweep`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from detection_model.cli import common
from detection_model.training.config import configured, read_settings


def command(
    version: Annotated[str, typer.Argument(help="What to train.")],
    data: Annotated[Path, typer.Option(help="Data set, laid out as for train.")],
    trials: Annotated[
        int, typer.Option(min=1, help="So many in all, finished ones included.")
    ] = 20,
    optimizers: Annotated[str, typer.Option(help="With commas.")] = "adam,adamw,sgd",
    batch_sizes: Annotated[str, typer.Option(help="With commas.")] = "16,32,64",
    rates: Annotated[str, typer.Option(help="Lowest and highest.")] = "1e-5,1e-2",
    epochs: Annotated[int | None, typer.Option(min=1, help="Of each trial.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="YAML file with settings for all, as for train.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the sweep; sweep-VERSION.")] = None,
    logs: common.LogsOption = common.LOGS,
) -> None:
    """Search optimizer, batch size and rate for the lowest validation loss, with Optuna.

    The same command goes on where it was stopped: trials are kept in LOGS/NAME/sweep.db. Every
    trial is a run for TensorBoard, which compares them under HParams. Nothing is published.

      detection-model sweep v3 --data data/Dataset --trials 20 --epochs 5
    """
    from detection_model.training.sweep import Space, sweep

    with common.refusals(), common.interruptions():
        base = configured(
            common.known_recipe(version),
            read_settings(config) if config else {},
            {"data": str(data), "epochs": epochs, "name": name or f"sweep-{version}"},
        )
        low, *_, high = common.listed(rates, float, "--rates")
        space = Space(
            optimizers=common.listed(optimizers, str, "--optimizers"),
            batch_sizes=common.listed(batch_sizes, int, "--batch-sizes"),
            rates=(low, high),
        )
        study = sweep(base, space, trials=trials, logs=logs, report=common.reporter())
    table = Table(title="lowest validation loss first")
    for heading in ("loss", "optimizer", "batch size", "rate"):
        table.add_column(heading)
    finished = [trial for trial in study.trials if trial.value is not None]
    for trial in sorted(finished, key=lambda one: one.value or 0.0)[:10]:
        chosen = trial.params
        rate = f"{chosen['learning_rate']:.3g}"
        table.add_row(f"{trial.value:.4f}", chosen["optimizer"], str(chosen["batch_size"]), rate)
    common.console.print(table)
