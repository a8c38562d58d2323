"""Studies that train many models: a hyper-parameter search, and a table of configurations.

The search over optimizers, batch sizes and learning rates uses Optuna (Akiba et al., "Optuna: A
Next-generation Hyperparameter Optimization Framework", 2019); TensorBoard shows its trials under
HParams. A table compares configurations that are trained on the same pictures.
"""

import csv
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import optuna
from matplotlib.figure import Figure
from optuna.trial import Trial, TrialState
from pydantic import BaseModel, ConfigDict, ValidationError

from detection_model.architectures import WeightsError
from detection_model.figures import colour, new_figure
from detection_model.training import run
from detection_model.training.config import TrainConfig
from detection_model.training.loading import TrainingData, load_data
from detection_model.training.run import Reporter
from detection_model.training.train import Folders, TrainedModel, fit, publish

STORE = "sweep.db"


@dataclass(frozen=True)
class Space:
    """Search space; rates are sampled log-uniformly."""

    optimizers: Sequence[str]
    batch_sizes: Sequence[int]
    rates: tuple[float, float]


def sweep(
    base: TrainConfig, space: Space, *, trials: int, logs: Path, report: Reporter
) -> optuna.Study:
    """Run trials until `trials` are finished, minimising the validation loss.

    Trials are kept in `<logs>/<name>/sweep.db`, so the same call resumes the search; an interrupted
    trial resumes from its checkpoint. Another configuration, space or data set starts a new study.

    Raises:
        DataError: the data set is unusable.
        Interrupted: on Ctrl-C.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder = logs / base.name
    folder.mkdir(parents=True, exist_ok=True)
    data = load_data(base, report)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / STORE}",
        study_name=f"{base.name} {data.fingerprint[:12]} {_settings_hash(base, space)}",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=base.seed),
    )
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)
    done = len(study.get_trials(states=(TrialState.COMPLETE,)))

    def objective(trial: Trial) -> float:
        return _train_trial(trial, base, space, data, logs, report)

    study.optimize(objective, n_trials=max(0, trials - done))
    return study


def _settings_hash(base: TrainConfig, space: Space) -> str:
    settings = json.dumps([base.model_dump(mode="json"), asdict(space)], sort_keys=True)
    return hashlib.sha256(settings.encode()).hexdigest()[:12]


def _train_trial(
    trial: Trial, base: TrainConfig, space: Space, data: TrainingData, logs: Path, report: Reporter
) -> float:
    low, high = space.rates
    params: dict[str, Any] = {
        "optimizer": trial.suggest_categorical("optimizer", list(space.optimizers)),
        "batch_size": trial.suggest_categorical("batch_size", list(space.batch_sizes)),
        "learning_rate": trial.suggest_float("learning_rate", low, high, log=True),
    }
    # Named by its parameters, so that an interrupted trial finds its run.
    words = f"{params['optimizer']}-{params['batch_size']}-{params['learning_rate']:.3g}"
    report.say(f"trial {trial.number}: {words}")
    config = base.model_copy(update={**params, "name": f"{base.name}/{words}"})
    fitted = fit(config, data, logs, report)
    _finish(fitted, params)
    losses = fitted.record.history["val_loss"]
    return min((loss for loss in losses if not math.isnan(loss)), default=math.inf)


def _finish(fitted: TrainedModel, params: dict[str, Any]) -> None:
    import tensorflow as tf
    from tensorboard.plugins.hparams import api

    with tf.summary.create_file_writer(str(fitted.folder)).as_default():
        api.hparams(params, trial_id=fitted.folder.as_posix())
    fitted.record.status = "finished"
    fitted.record.finished = run.now().isoformat(timespec="seconds")
    fitted.record.save(fitted.folder)
    (fitted.folder / run.LAST).unlink(missing_ok=True)


TABLE, NOTES, PLOT = "table.csv", "table.md", "accuracy.png"


@dataclass(frozen=True)
class StudyResult:
    """One row of a study: measurements, or the reason why the configuration was not trained.

    Metrics are those of the last epoch, which is published. `accuracy_lost` is the validation
    accuracy of the baseline row minus this row's.
    """

    name: str
    status: str = "trained"
    epochs: int | None = None
    parameters: int | None = None
    seconds: float | None = None
    loss: float | None = None
    accuracy: float | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    accuracy_lost: float | None = None
    best_epoch: int | None = None
    test: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[float, ...] = ()

    @property
    def row(self) -> dict[str, object]:
        """Columns of a table."""
        columns = asdict(self)
        columns.pop("curve")
        test = columns.pop("test")
        return columns | {f"test_{name}": value for name, value in test.items()}


def write_tables(
    outcomes: Sequence[StudyResult], folder: Path, title: str, warnings: Sequence[str] = ()
) -> None:
    """Write `table.csv` and `table.md` with the same rows; empty columns are left out.

    `warnings` about the data come before the rows.
    """
    rows = [outcome.row for outcome in outcomes]
    names = [name for row in rows for name, value in row.items() if value is not None]
    columns = [name for name in _in_order(rows) if name in names]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / TABLE).open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    lines = [f"# {title}", "", *(f"WARNING: {text}\n" for text in warnings)]
    lines += [_line(columns), _line(["---"] * len(columns))]
    lines += [_line([row.get(name) for name in columns]) for row in rows]
    (folder / NOTES).write_text("\n".join(lines) + "\n")


def curves_figure(outcomes: Iterable[StudyResult]) -> Figure:
    """Validation accuracy over the epochs, a line for each row."""
    figure, (axes,) = new_figure(1, width=7, height=4)
    for position, outcome in enumerate(outcome for outcome in outcomes if outcome.curve):
        style = ("-", "--")[position >= 6]  # colours repeat after six
        epochs = range(1, len(outcome.curve) + 1)
        axes.plot(epochs, outcome.curve, style, color=colour(position), label=outcome.name)
    axes.set(xlabel="epoch", ylabel="validation accuracy", ylim=(0, 1))
    axes.grid(alpha=0.3)
    axes.locator_params(axis="x", integer=True)
    figure.legend(loc="outside right upper", fontsize=8)
    return figure


def _in_order(rows: Iterable[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _line(values: Iterable[object]) -> str:
    return "| " + " | ".join(_shown(value) for value in values) + " |"


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "/")


# Test metrics of a published model, by name.
Measure = Callable[[Path], Mapping[str, float]]


@dataclass(frozen=True)
class Study:
    """Configurations to compare, by row name, and rows that are not trained (`skipped`).

    Accuracies are compared with the row `baseline`. `warnings` are about the data.
    """

    title: str
    configs: Mapping[str, TrainConfig]
    skipped: Sequence[StudyResult] = ()
    baseline: str | None = None
    warnings: Sequence[str] = ()
    measure: Measure | None = None


class _StoredResult(BaseModel):
    """A stored result with its configuration and data."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    config: TrainConfig
    data_fingerprint: str
    outcome: StudyResult


def run_study(study: Study, folder: Path, logs: Path, report: Reporter) -> None:
    """Train each configuration, and update the tables and plot in `folder` after each.

    A configuration whose weights are missing gets a row that says so. Stored results of the same
    configuration and data are reused.

    Raises:
        DataError: the data set is unusable.
        Interrupted: on Ctrl-C; the same call resumes the configuration that was stopped.
    """
    not_run = "not run: the study was stopped before"
    rows = {name: StudyResult(name, status=not_run) for name in study.configs}
    places = Folders(folder / "models", logs)
    for name, outcome in _outcomes(study, places, report):
        rows[name] = replace(outcome, name=name)
        baseline = rows[study.baseline].val_accuracy if study.baseline else None
        outcomes = [*(_compared(result, baseline) for result in rows.values()), *study.skipped]
        write_tables(outcomes, folder, study.title, study.warnings)
        curves_figure(outcomes).savefig(folder / PLOT)


def _outcomes(study: Study, places: Folders, report: Reporter) -> Iterator[tuple[str, StudyResult]]:
    data: tuple[object, TrainingData] | None = None
    for name, config in study.configs.items():
        # Fault studies share their pictures; backbones differ in input size.
        key = (config.data, config.image_size, config.recipe, config.seed)
        if data is None or data[0] != key:
            data = key, load_data(config, report)
        report.say(f"{name}:")
        path = places.models / f"{config.name}.outcome.json"
        outcome = _read(path, config, data[1])
        if outcome is not None:
            report.say("already trained")
            yield name, outcome
            continue
        try:
            outcome = _train(config, data[1], places, report, study.measure)
        except WeightsError as error:
            report.say(f"not trained: {error}")
            yield name, StudyResult(name, status=f"not run: {error}")
            continue
        result = _StoredResult(config=config, data_fingerprint=data[1].fingerprint, outcome=outcome)
        path.write_text(result.model_dump_json(indent=2) + "\n")
        yield name, outcome


def _train(
    config: TrainConfig,
    data: TrainingData,
    places: Folders,
    report: Reporter,
    measure: Measure | None,
) -> StudyResult:
    began = time.monotonic()
    fitted = fit(config, data, places.logs, report)
    seconds = time.monotonic() - began
    published = publish(fitted, data, places.models / f"{config.name}.keras")
    history = fitted.record.history
    return StudyResult(
        config.name,
        epochs=len(history["loss"]),
        parameters=fitted.record.parameters,
        seconds=round(seconds, 1),
        loss=history["loss"][-1],
        accuracy=history["accuracy"][-1],
        val_loss=history["val_loss"][-1],
        val_accuracy=history["val_accuracy"][-1],
        best_epoch=fitted.record.best_epoch,
        test=measure(published) if measure else {},
        curve=tuple(history["val_accuracy"]),
    )


def _read(path: Path, config: TrainConfig, data: TrainingData) -> StudyResult | None:
    try:
        result = _StoredResult.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    same = result.config == config and result.data_fingerprint == data.fingerprint
    return result.outcome if same else None


def _compared(outcome: StudyResult, before: float | None) -> StudyResult:
    if before is None or outcome.val_accuracy is None:
        return outcome
    return replace(outcome, accuracy_lost=before - outcome.val_accuracy)
