"""Training many models: `detection-model train sweep|backbones|faults`."""

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
        typer.Option(
            help="Output folder; default: LOGS/backbone-study.", file_okay=False, show_default=False
        ),
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
        typer.Option(
            help="Output folder; default: LOGS/fault-study.", file_okay=False, show_default=False
        ),
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
