"""`detection-model train`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from detection_model import zoo
from detection_model.cli import common

RecipeName = StrEnum("RecipeName", {name: name for name in zoo.ZOO})  # type: ignore[misc]


def command(
    version: Annotated[RecipeName, typer.Argument(help="What to train.")],
    data: Annotated[
        Path,
        typer.Option(
            help="Data set: Train, Validation, Test folders with Real and Fake in each, or just "
            "Real and Fake (then split 80/10/10)."
        ),
    ],
    name: Annotated[str | None, typer.Option(help="Publish under this name.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the version's own.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1)] = None,
    learning_rate: Annotated[float | None, typer.Option(min=1e-8)] = None,
    seed: Annotated[int, typer.Option(help="Of weights, order, dropout and split.")] = 0,
    data_licence: Annotated[
        list[str] | None, typer.Option(help="Licence notice for the card; may be repeated.")
    ] = None,
    models: common.ModelsOption = common.MODELS,
    logs: Annotated[
        Path, typer.Option("--logs", help="Folder of training logs.", show_default=False)
    ] = common.LOGS,
    force: Annotated[bool, typer.Option("--force", help="Replace a published model.")] = False,
) -> None:
    """Train a version, publish it with its card, and log to TensorBoard.

    Ctrl-C stops after writing a checkpoint; the same command resumes there. The last epoch is
    published as MODELS/NAME.keras, the best one stays in the run's folder as best.keras.

      detection-model train v3 --data data/Dataset

      detection-model train v1 --data faces --name mine --epochs 5
    """
    from detection_model.training.run import TrainConfig
    from detection_model.training.trainer import (
        Interrupted,
        Places,
        Reporter,
        TrainingError,
        train,
    )

    recipe = zoo.ZOO[version]
    config = TrainConfig(
        recipe=version,
        name=name or version,
        data=str(data),
        epochs=epochs or recipe.epochs,
        batch_size=batch_size or recipe.batch_size,
        learning_rate=learning_rate or recipe.learning_rate,
        seed=seed,
        data_licences=tuple(data_licence or ()),
    )
    report = Reporter(
        say=lambda text: common.errors.print(text, highlight=False, soft_wrap=True),
        bad=common.warn_bad,
        decoding=lambda split: common.progress_bar(f"reading {split}"),
        verbose=1 if common.console.is_terminal else 2,
    )
    with common.refusals():
        try:
            published = train(config, Places(models, logs), report, force=force)
        except TrainingError as error:
            common.refuse(str(error))
        except Interrupted as stopped:
            common.errors.print(
                f"\nStopped after {stopped.epochs_done} of {config.epochs} epochs. "
                f"Checkpoints are in {stopped.folder}; the same command goes on from there.",
                highlight=False,
                soft_wrap=True,
            )
            raise typer.Exit(130) from None
    common.console.print(f"Published {published}. Next: detection-model evaluate {config.name}")
