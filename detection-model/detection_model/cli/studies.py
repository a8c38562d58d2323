"""Commands that train many models: `detection-model train sweep|backbones|faults`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from detection_model import architectures
from detection_model.cli import common
from detection_model.data.folders import find_data
from detection_model.data.issues import warnings_for
from detection_model.training.config import configured, read_settings


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

    A stopped sweep continues where it was: trials are kept in LOGS/NAME/sweep.db. Every
    trial is a run for TensorBoard, which compares them under HParams. Nothing is published.

      detection-model train sweep v3 --data data/Dataset --trials 20 --epochs 5
    """
    from detection_model.training.sweep import Space, sweep

    with common.exit_on_error(), common.exit_on_interrupt():
        base = configured(
            common.known_recipe(version),
            read_settings(config) if config else {},
            {"data": str(data), "epochs": epochs, "name": name or f"sweep-{version}"},
        )
        low, *_, high = common.comma_separated(rates, float, "--rates")
        space = Space(
            optimizers=common.comma_separated(optimizers, str, "--optimizers"),
            batch_sizes=common.comma_separated(batch_sizes, int, "--batch-sizes"),
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


METRICS = ("auc", "accuracy")


def backbones(
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
    part come with their 95 % intervals. A stopped study continues with the same command.

      detection-model train backbones --data data/Dataset --recipes v3,efficientnet-lite0
    """
    from detection_model.evaluation.evaluate import evaluate
    from detection_model.inference.detector import Detector
    from detection_model.training.study import Study, StudyResult, run_study

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
    with common.exit_on_error(), common.exit_on_interrupt():
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
                StudyResult(name, status="not run: not chosen")
                for name in architectures.ZOO
                if name not in chosen
            ],
            warnings=warnings_for(find_data(data), logs),
            judge=judge,
        )
        run_study(study, folder, logs, common.reporter())
    common.show_study(folder)


# Each strong enough to be seen in a few epochs; its strength is in the table's name.
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
        typer.Option(help="Instead of LOGS/fault-study.", show_default=False),
    ] = None,
    logs: common.LogsOption = common.LOGS,
) -> None:
    """Train briefly with each injected fault; write a table and a plot of the damage.

    Label noise, input noise, shuffled labels, a wrong loss, skipped gradients and weights that
    are reset, beside a training without a fault on the same pictures and with the same seed.
    A stopped study continues with the same command.

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
            f"{recipe} under planted faults, {epochs} epochs on {data.resolve().name}",
            configs,
            against=next(iter(FAULTS)),
            warnings=warnings_for(find_data(data), logs),
        )
        run_study(study, folder, logs, common.reporter())
    common.show_study(folder)
