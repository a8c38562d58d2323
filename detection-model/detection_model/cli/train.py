"""Training one model: `detection-model train`."""

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from detection_model import architectures
from detection_model.architectures import HeadName
from detection_model.cli import common
from detection_model.training.config import Precision, TrainConfig, configured, read_settings

RecipeName = StrEnum("RecipeName", {name: name for name in architectures.RECIPES})  # type: ignore[misc]
NETWORK, LEARNING, RESEARCH = "Network", "Learning", "Pictures, and research"


def train(
    version: Annotated[RecipeName, typer.Argument(help="What to train.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Data set: Train, Validation, Test folders with Real and Fake in each, or just "
            "Real and Fake (then split 80/10/10)."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="YAML file with settings named as in run.json; flags override it."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Publish under this name.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Replaces the recipe's epochs.")] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Seed of weights, order, dropout and split; default: 0."),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Initial weights of the backbone: imagenet (downloaded once; Lite0's are "
            "installed), a weights file, a .keras model with the same backbone, or none (random).",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    head: Annotated[
        HeadName | None,
        typer.Option(
            help="dense: 256 and dropout 0.5; mlp: 256, 128 and dropout 0.2.",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(min=8, help="Side in pixels.", rich_help_panel=NETWORK)
    ] = None,
    fine_tune_epochs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Epochs of the second stage, which also trains the last backbone layers, at a "
            "tenth of the rate; 0: the backbone stays frozen.",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    fine_tuned: Annotated[
        int | None,
        typer.Option(
            min=1, help="Number of backbone layers to fine-tune.", rich_help_panel=NETWORK
        ),
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, rich_help_panel=LEARNING)] = None,
    learning_rate: Annotated[float | None, typer.Option(min=1e-8, rich_help_panel=LEARNING)] = None,
    optimizer: Annotated[
        Literal["adam", "adamw", "sgd"] | None, typer.Option(rich_help_panel=LEARNING)
    ] = None,
    schedule: Annotated[
        Literal["constant", "linear", "cosine"] | None,
        typer.Option(help="How the learning rate falls within a stage.", rich_help_panel=LEARNING),
    ] = None,
    reduce_on_plateau: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Halve the learning rate after N epochs without a lower validation loss.",
            rich_help_panel=LEARNING,
        ),
    ] = None,
    early_stopping: Annotated[
        int | None,
        typer.Option(
            min=1, help="End a stage after N epochs without improvement.", rich_help_panel=LEARNING
        ),
    ] = None,
    keep: Annotated[
        Literal["last", "best"] | None,
        typer.Option(help="Epoch to publish; default: last.", rich_help_panel=LEARNING),
    ] = None,
    precision: Annotated[
        Precision | None,
        typer.Option(help="Mixed precision is faster on newer GPUs.", rich_help_panel=LEARNING),
    ] = None,
    class_weights: Annotated[
        str | None,
        typer.Option(help="balanced, or REAL,FAKE as in 1,2.", rich_help_panel=LEARNING),
    ] = None,
    augment: Annotated[
        list[str] | None,
        typer.Option(
            help="Augment training images: flip=1, rotation=DEGREES, zoom=, brightness=, colour= "
            "(shares), jpeg=LOWEST QUALITY, blur=PIXELS, scaling=SMALLEST, noise=OF 255; "
            "repeatable.",
            metavar="WHAT=VALUE",
            rich_help_panel=RESEARCH,
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="Inject a fault: label_noise=SHARE, input_noise=OF 255, shuffled_labels=1, "
            "wrong_loss=1, skip_gradients=N, reset_weights=N (every N batches); repeatable. The "
            "card records it.",
            metavar="WHAT=VALUE",
            rich_help_panel=RESEARCH,
        ),
    ] = None,
    data_licence: Annotated[
        list[str] | None, typer.Option(help="Licence notice for the card; repeatable.")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Train on a Ray cluster: its address, auto for the one that runs here, local to "
            "start one. Data, models and logs must be at the same paths on every machine.",
            rich_help_panel=LEARNING,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="With --ray: processes that share every batch, each with a GPU if there are "
            "enough of them; default: 2.",
            rich_help_panel=LEARNING,
        ),
    ] = None,
    models: common.ModelsOption = common.MODELS,
    logs: common.LogsOption = common.LOGS,
    force: Annotated[bool, typer.Option("--force", help="Replace a published model.")] = False,
) -> None:
    """Train a recipe, publish the model with its card, and log to TensorBoard.

    `train sweep`, `train backbones` and `train faults` train many models; each has its own --help.

    Ctrl-C stops after writing a checkpoint; the same command resumes there, also after a crash.
    The last epoch is published as MODELS/NAME.keras, the best one stays in the run's folder as
    best.keras, and both stages of a backbone stay there as frozen.keras and fine-tuned.keras.

      detection-model train v3 --data data/Dataset --name mine

      detection-model train efficientnet-lite0 --data data/Dataset --augment flip=1

      detection-model train v1 --config mine.yaml --name mine --epochs 5
    """
    flags: dict[str, Any] = {
        "data": str(data) if data else None,
        "name": name,
        "epochs": epochs,
        "seed": seed,
        "weights": weights,
        "head": head,
        "image_size": image_size,
        "fine_tune_epochs": fine_tune_epochs,
        "fine_tuned": fine_tuned,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "optimizer": optimizer,
        "schedule": schedule,
        "reduce_on_plateau": reduce_on_plateau,
        "early_stopping": early_stopping,
        "keep": keep,
        "precision": precision,
        "class_weights": class_weights,
        "data_licences": tuple(data_licence) if data_licence else None,
    }
    with common.exit_on_error():
        flags |= {
            "augmentation": common.name_value_pairs(augment),
            "faults": common.name_value_pairs(fault),
        }
        settings = configured(version, read_settings(config) if config else {}, flags)
        if ray:
            _train_on_ray(settings, models, logs, ray, workers or 2, force=force)
        elif workers:
            common.fail("--workers is for a training on a cluster: name it with --ray")
        else:
            _train(settings, models, logs, force=force)
    common.say(
        f"Published {models / settings.name}.keras. Next: detection-model eval run {settings.name}"
    )


def _train(config: TrainConfig, models: Path, logs: Path, *, force: bool) -> None:
    from detection_model.training.train import Folders, train

    with common.exit_on_interrupt():
        train(config, Folders(models, logs), common.reporter(), force=force)


def _train_on_ray(
    config: TrainConfig, models: Path, logs: Path, address: str, workers: int, *, force: bool
) -> None:
    if find_spec("ray") is None:
        common.fail("ray is missing: pip install 'detection-model[ray]'")
    from detection_model.training.ray_train import train_on_ray
    from detection_model.training.train import Folders

    train_on_ray(config, Folders(models, logs), address, workers, force=force)
