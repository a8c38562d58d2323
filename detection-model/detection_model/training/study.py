"""Trains several configurations on the same pictures, to compare them."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from detection_model.architectures import WeightsError
from detection_model.training.config import TrainConfig
from detection_model.training.fitting import fit
from detection_model.training.loading import TrainingData, load_data
from detection_model.training.publishing import publish
from detection_model.training.reporting import Reporter
from detection_model.training.results import PLOT, Outcome, curves_figure, write_tables
from detection_model.training.trainer import Places

# What is found of a published model, by name.
Judge = Callable[[Path], Mapping[str, float]]


@dataclass(frozen=True)
class Study:
    """What is compared: configurations by the name of their row, and rows that are not trained.

    Accuracies are compared with that of the row `against`. `warnings` are those of the data.
    """

    title: str
    configs: Mapping[str, TrainConfig]
    left_out: Sequence[Outcome] = ()
    against: str | None = None
    warnings: Sequence[str] = ()
    judge: Judge | None = None


class _Kept(BaseModel):
    """An outcome in a file, with what it is the outcome of."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    config: TrainConfig
    data_fingerprint: str
    outcome: Outcome


def conduct(study: Study, folder: Path, logs: Path, report: Reporter) -> None:
    """Train one after another into `folder`, its tables and plot written anew after each.

    Weights that are not here leave a row that says so. What was trained before, in the same way
    on the same pictures, is not trained again.

    Raises:
        DataError: the data set is unusable.
        Interrupted: on Ctrl-C; the same call goes on in the configuration that was stopped.
    """
    waiting = "not run: it was not its turn before the study was stopped"
    rows = {name: Outcome(name, status=waiting) for name in study.configs}
    places = Places(folder / "models", logs)
    for name, outcome in _outcomes(study, places, report):
        rows[name] = replace(outcome, name=name)
        before = rows[study.against].val_accuracy if study.against else None
        outcomes = [*(_compared(one, before) for one in rows.values()), *study.left_out]
        write_tables(outcomes, folder, study.title, study.warnings)
        curves_figure(outcomes).savefig(folder / PLOT)


def _outcomes(study: Study, places: Places, report: Reporter) -> Iterator[tuple[str, Outcome]]:
    data: tuple[object, TrainingData] | None = None
    for name, config in study.configs.items():
        # Fault studies share their pictures, backbones have sizes of their own.
        wanted = (config.data, config.image_size, config.recipe, config.seed)
        if data is None or data[0] != wanted:
            data = wanted, load_data(config, report)
        report.say(f"{name}:")
        kept = places.models / f"{config.name}.outcome.json"
        outcome = _read(kept, config, data[1])
        if outcome is not None:
            report.say("trained before")
            yield name, outcome
            continue
        try:
            outcome = _trained(config, data[1], places, report, study.judge)
        except WeightsError as error:
            report.say(f"not trained: {error}")
            yield name, Outcome(name, status=f"not run: {error}")
            continue
        found = _Kept(config=config, data_fingerprint=data[1].fingerprint, outcome=outcome)
        kept.write_text(found.model_dump_json(indent=2) + "\n")
        yield name, outcome


def _trained(
    config: TrainConfig, data: TrainingData, places: Places, report: Reporter, judge: Judge | None
) -> Outcome:
    began = time.monotonic()
    fitted = fit(config, data, places.logs, report)
    seconds = time.monotonic() - began
    published = publish(fitted, data, places.models / f"{config.name}.keras")
    history = fitted.record.history
    return Outcome(
        config.name,
        epochs=len(history["loss"]),
        parameters=fitted.record.parameters,
        seconds=round(seconds, 1),
        loss=history["loss"][-1],
        accuracy=history["accuracy"][-1],
        val_loss=history["val_loss"][-1],
        val_accuracy=history["val_accuracy"][-1],
        best_epoch=fitted.record.best_epoch,
        test=judge(published) if judge else {},
        curve=tuple(history["val_accuracy"]),
    )


def _read(path: Path, config: TrainConfig, data: TrainingData) -> Outcome | None:
    try:
        found = _Kept.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    same = found.config == config and found.data_fingerprint == data.fingerprint
    return found.outcome if same else None


def _compared(outcome: Outcome, before: float | None) -> Outcome:
    if before is None or outcome.val_accuracy is None:
        return outcome
    return replace(outcome, accuracy_lost=before - outcome.val_accuracy)
