"""Training one model or many: `detection-model train [sweep|backbones|faults]`."""

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from detection_model import architectures
from detection_model.architectures import HeadName
from detection_model.cli import common
from detection_model.data.folders import find_data
from detection_model.data.issues import warnings_for
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


def sweep(
    version: Annotated[str, typer.Argument(help="What to train.")],
    data: Annotated[Path, typer.Option(help="Data set, laid out as for train.")],
    trials: Annotated[
        int, typer.Option(min=1, help="Total number of trials, including finished ones.")
    ] = 20,
    optimizers: Annotated[str, typer.Option(help="Comma-separated list.")] = "adam,adamw,sgd",
    batch_sizes: Annotated[str, typer.Option(help="Comma-separated list.")] = "16,32,64",
    rates: Annotated[
        str, typer.Option(help="Lowest and highest learning rate, comma-separated.")
    ] = "1e-5,1e-2",
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs per trial.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="YAML file with settings for all, as for train.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the sweep; default: sweep-VERSION.")
    ] = None,
    logs: common.LogsOption = common.LOGS,
) -> None:
    """Search optimizer, batch size and rate for the lowest validation loss, with Optuna.

    The same command resumes a stopped sweep: trials are kept in LOGS/NAME/sweep.db. Other settings
    or data start a new one there. Every trial is a TensorBoard run, compared under HParams.
    Nothing is published.

      detection-model train sweep v3 --data data/Dataset --trials 20 --epochs 5
    """
    from detection_model.training.study import Space, sweep

    with common.exit_on_error(), common.exit_on_interrupt():
        base = configured(
            common.known_recipe(version),
            read_settings(config) if config else {},
            {"data": str(data), "epochs": epochs, "name": name or f"sweep-{version}"},
        )
        bounds = common.comma_separated(rates, float, "--rates")
        if len(bounds) != 2 or not 0 < bounds[0] <= bounds[1]:
            common.fail("--rates: write the lowest and the highest rate, above 0, as in 1e-5,1e-2")
        space = Space(
            optimizers=common.comma_separated(optimizers, str, "--optimizers"),
            batch_sizes=common.comma_separated(batch_sizes, int, "--batch-sizes"),
            rates=(bounds[0], bounds[1]),
        )
        study = sweep(base, space, trials=trials, logs=logs, report=common.reporter())
    table = Table(title="lowest validation loss first")
    for heading in ("loss", "optimizer", "batch size", "rate"):
        table.add_column(heading)
    finished = [trial for trial in study.trials if trial.value is not None]
    for trial in sorted(finished, key=lambda trial: trial.value or 0.0)[:10]:
        params = trial.params
        rate = f"{params['learning_rate']:.3g}"
        table.add_row(f"{trial.value:.4f}", params["optimizer"], str(params["batch_size"]), rate)
    common.console.print(table)


METRICS = ("auc", "accuracy")


def backbones(
    data: Annotated[Path, typer.Option(help="Data set, laid out as for train.")],
    recipes: Annotated[
        str, typer.Option(help="Comma-separated recipes; the table lists others as not run.")
    ] = "v1,v2,v3,mobilenetv2,efficientnet-lite0,efficientnet-b0",
    config: Annotated[
        Path | None, typer.Option(help="YAML file with settings for all, as for train.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Replaces the recipes' epochs.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Output folder; default: LOGS/backbone-study.", show_default=False),
    ] = None,
    logs: common.LogsOption = common.LOGS,
) -> None:
    """Train several recipes on the same split, evaluate them on its test part, write a table.

    A recipe whose pretrained weights are missing gets a row that says so. Test metrics have 95 %
    intervals. The same command resumes a stopped study.

      detection-model train backbones --data data/Dataset --recipes v3,efficientnet-lite0
    """
    from detection_model.evaluation.evaluate import evaluate
    from detection_model.inference.detector import Detector
    from detection_model.training.study import Study, StudyResult, run_study

    def measure(model: Path) -> dict[str, float]:
        result = evaluate(
            Detector.load(model), data, split="test", threshold=None, command="backbone-study"
        )
        estimates = {name: result.row.metrics[name] for name in METRICS}
        return {
            f"{name}{of}": value
            for name, estimate in estimates.items()
            for of, value in (
                ("", estimate.value),
                ("_low", estimate.low),
                ("_high", estimate.high),
            )
        }

    folder = out or logs / "backbone-study"
    with common.exit_on_error(), common.exit_on_interrupt():
        names = [common.known_recipe(name.strip()) for name in recipes.split(",")]
        shared = read_settings(config) if config else {}
        flags = {"data": str(data), "epochs": epochs}
        study = Study(
            f"Recipes trained on {data.resolve().name}",
            {
                name: configured(name, shared, flags, {"name": f"backbone-study-{name}"})
                for name in names
            },
            skipped=[
                StudyResult(name, status="not run: not chosen")
                for name in architectures.RECIPES
                if name not in names
            ],
            warnings=warnings_for(find_data(data), logs),
            measure=measure,
        )
        run_study(study, folder, logs, common.reporter())
    common.show_study(folder)


# Each is strong enough to show in a few epochs; the name in the table gives its strength.
FAULTS: dict[str, dict[str, Any]] = {
    "none": {},
    "label noise 20 %": {"label_noise": 0.2},
    "label noise 40 %": {"label_noise": 0.4},
    "input noise 50": {"input_noise": 50},
    "shuffled labels": {"shuffled_labels": True},
    "wrong loss": {"wrong_loss": True},
    "every second gradient skipped": {"skip_gradients": 2},
    "a layer reset every 10 batches": {"reset_weights": 10},
}


def faults(
    data: Annotated[Path, typer.Option(help="Data set, laid out as for train.")],
    recipe: Annotated[str, typer.Option(help="What to train.")] = "v3",
    epochs: Annotated[int, typer.Option(min=1)] = 5,
    image_size: Annotated[int | None, typer.Option(min=8)] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Output folder; default: LOGS/fault-study.", show_default=False),
    ] = None,
    logs: common.LogsOption = common.LOGS,
) -> None:
    """Train briefly with each injected fault; write a table and a plot of the damage.

    Faults are label noise, input noise, shuffled labels, a wrong loss, skipped gradients and reset
    weights. The baseline has the same pictures and seed and no fault. The same command resumes a
    stopped study.

      detection-model train faults --data data/Dataset
    """
    from detection_model.training.study import Study, run_study

    folder = out or logs / "fault-study"
    with common.exit_on_error(), common.exit_on_interrupt():
        configs = {
            name: configured(
                common.known_recipe(recipe),
                {"data": str(data), "epochs": epochs, "image_size": image_size},
                {"name": f"fault-study-{recipe}-{number}", "faults": faults},
            )
            for number, (name, faults) in enumerate(FAULTS.items())
        }
        study = Study(
            f"{recipe} with injected faults, {epochs} epochs on {data.resolve().name}",
            configs,
            baseline=next(iter(FAULTS)),
            warnings=warnings_for(find_data(data), logs),
        )
        run_study(study, folder, logs, common.reporter())
    common.show_study(folder)
