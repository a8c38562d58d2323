"""Trains a model from a configuration through its stages and publishes it with its card."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from detection_model import architectures
from detection_model.card import Card, TrainingRun, card_path, file_sha256, write_card
from detection_model.data.issues import data_warnings, read_issues, warnings_for
from detection_model.training import network, run
from detection_model.training.callbacks import (
    Progress,
    load_checkpoint,
    save_weights_only,
    stage_callbacks,
)
from detection_model.training.config import TrainConfig
from detection_model.training.loading import TrainingData, load_data, validation_batches
from detection_model.training.network import Stage, stages
from detection_model.training.run import Devices, RunRecord, find_devices
from detection_model.training.run import Interrupted as Interrupted
from detection_model.training.run import Reporter as Reporter
from detection_model.training.run import TrainingError as TrainingError
from detection_model.training.workers import ALONE, Workers


@dataclass(frozen=True)
class Folders:
    """Input and output folders."""

    models: Path
    logs: Path


def train(
    config: TrainConfig,
    places: Folders,
    report: Reporter,
    *,
    force: bool = False,
    workers: Workers = ALONE,
) -> Path:
    """Train, publish `<models>/<name>.keras` with its card, and return its path.

    An unfinished run of the same configuration and data is resumed. Of several workers the first
    publishes.

    Raises:
        TrainingError: the name is published already and `force` is false.
        DataError: the data set is unusable.
        WeightsError: the initial weights are missing.
        Interrupted: on Ctrl-C.
    """
    published = publication(config, places, force=force)
    data = load_data(config, report)
    fitted = fit(config, data, places.logs, report, workers)
    return publish(fitted, data, published) if workers.leads else published


def publication(config: TrainConfig, places: Folders, *, force: bool) -> Path:
    """The path of the model to publish.

    Raises:
        TrainingError: the name is published already and `force` is false.
    """
    published = places.models / f"{config.name}.keras"
    if published.exists() and not force:
        raise TrainingError(
            f"{published.name} is already published: use another --name, or --force to replace it"
        )
    return published


@dataclass(frozen=True)
class TrainedModel:
    """A trained network with the folder and record of its run."""

    model: Any
    folder: Path
    record: RunRecord


def fit(
    config: TrainConfig,
    data: TrainingData,
    logs: Path,
    report: Reporter,
    workers: Workers = ALONE,
) -> TrainedModel:
    """Train through all stages; an unfinished run of the same configuration and data is resumed.

    Of several workers the first writes the run's folder.

    Raises:
        TrainingError: the devices cannot share a batch.
        WeightsError: the initial weights are missing.
        Interrupted: on Ctrl-C.
    """
    devices = find_devices(workers)
    devices.check(config.batch_size)
    report.say(f"training on {devices.description}")
    keras.utils.set_random_seed(config.seed)
    plan = stages(config, architectures.RECIPES[config.recipe])
    unfinished = run.resumable(logs, config, data.fingerprint)
    with devices.scope():
        if unfinished:
            folder, record = unfinished
            model, progress = load_checkpoint(folder / run.LAST)
            report.say(f"resuming {folder}")
            if workers.scratch:
                folder = run.new_folder(workers.scratch, config.name)
        else:
            model, progress = network.new_model(config), Progress()
            if config.probe:
                network.fit_probe(model, config, config.probe, data, report)
            network.compile_for(model, config, plan[0])
            folder = run.new_folder(workers.scratch or logs, config.name)
            record = _new_record(config, data, model, devices.description, plan)
            report.say(f"logging to {folder}")
            if config.probe:
                save_weights_only(model, folder / run.PROBE)
        workers.connect(model)
    if data.split_paths is not None:
        split = json.dumps(data.split_paths, indent=1)
        (folder / "split.json").write_text(split + "\n")
    # Updated on resume: the data may have been audited since.
    warnings = tuple(
        text for data_folder in data.folders for text in warnings_for(data_folder, logs)
    )
    inspected = any(data_warnings(data_folder, logs) is not None for data_folder in data.folders)
    record.data_warnings = warnings if inspected else None
    for text in warnings:
        report.say(f"WARNING: {text}")
    for data_folder in data.folders:
        for text in data_folder.notes:
            report.say(f"{data_folder.name}: {text}")
    fitted = TrainedModel(model, folder, record)
    _start_record(fitted, progress)
    try:
        for number in range(progress.stage, len(plan)):
            if number > progress.stage:
                progress = Progress(stage=number, first=progress.epochs, epochs=progress.epochs)
                with devices.scope():
                    network.compile_for(model, config, plan[number])
                    workers.connect(model)
            _fit_stage(fitted, plan[number], progress, data, devices, workers, report)
            if len(plan) > 1:
                save_weights_only(model, folder / f"{plan[number].name}.keras")
    except KeyboardInterrupt:
        record.status = "interrupted"
        record.save(folder)
        raise Interrupted(folder, len(record.history.get("loss", []))) from None
    return fitted


def _start_record(fitted: TrainedModel, progress: Progress) -> None:
    record = fitted.record
    record.status = "running"
    record.history = {name: values[: progress.epochs] for name, values in record.history.items()}
    record.save(fitted.folder)


def _fit_stage(
    fitted: TrainedModel,
    stage: Stage,
    progress: Progress,
    data: TrainingData,
    devices: Devices,
    workers: Workers,
    report: Reporter,
) -> None:
    config, end = fitted.record.config, progress.first + stage.epochs
    if progress.stopped or progress.epochs >= end:
        return
    batch_size = devices.first_batch(config.batch_size, len(data.validation.examples))
    fitted.model.fit(
        network.batches(config, data, progress.epochs, workers=workers),
        validation_data=validation_batches(
            data.validation, data.spec, batch_size=batch_size, weights=data.validation_weights
        ),
        steps_per_epoch=-(-data.epoch_pictures // config.batch_size),
        initial_epoch=progress.epochs,
        epochs=end,
        class_weight=network.class_weights(config, data.train),
        shuffle=False,  # the batches are shuffled
        callbacks=stage_callbacks(config, stage, progress, fitted.folder, fitted.record, workers),
        verbose=report.verbose,
    )


def _new_record(
    config: TrainConfig, data: TrainingData, model: Any, device: str, plan: list[Stage]
) -> RunRecord:
    return RunRecord(
        config=config,
        started=run.now().isoformat(timespec="seconds"),
        data_fingerprint=data.fingerprint,
        split=data.split,
        examples=data.examples,
        skipped=data.skipped,
        parameters=model.count_params(),
        optimizer_variables=sum(
            int(variable.value.shape.num_elements() or 0) for variable in model.optimizer.variables
        ),
        versions=run.package_versions(),
        device=device,
        git_commit=run.git_commit(),
        stages=[stage.name for stage in plan],
    )


def publish(fitted: TrainedModel, data: TrainingData, published: Path) -> Path:
    """Write the last or best model with its card, then mark the run as finished.

    In this order, a failure while writing leaves a run that the same command resumes.
    """
    record, folder, config = fitted.record, fitted.folder, fitted.record.config
    run.plot_history(record.history, folder)
    published.parent.mkdir(parents=True, exist_ok=True)
    best = folder / run.BEST
    # It is missing if every loss was NaN.
    is_best = config.keep == "best" and best.exists()
    model = keras.saving.load_model(best) if is_best else fitted.model
    save_weights_only(_in_float32(model, config), published)
    recipe = architectures.RECIPES[config.recipe]
    epochs = len(record.history.get("loss", []))
    card = Card(
        name=config.name,
        sha256=file_sha256(published),
        architecture=recipe.summary,
        parameters=record.parameters,
        input=data.spec,
        training=TrainingRun(
            data=config.data_name,
            data_fingerprint=record.data_fingerprint,
            split=record.split,
            examples=record.examples,
            seed=config.seed,
            epochs=epochs,
            git_commit=record.git_commit,
            log_folder=f"logs/{config.name}/{folder.name}",
        ),
        summary=f"{recipe.summary}; {epochs} epochs.",
        data_licences=config.data_licences,
        known_failures=(*_injected_faults(config), *_leaks(data, folder)),
    )
    write_card(card, card_path(published))
    record.status = "finished"
    record.finished = run.now().isoformat(timespec="seconds")
    record.save(folder)
    (folder / run.LAST).unlink(missing_ok=True)
    return published


def _in_float32(model: Any, config: TrainConfig) -> Any:
    """A float32 copy of a network that was trained in mixed precision."""
    if config.precision == "float32":
        return model
    whole = architectures.RECIPES[config.recipe].build(
        config.image_size, architectures.NONE, config.head
    )
    whole.set_weights(model.get_weights())
    return whole


def _leaks(data: TrainingData, folder: Path) -> tuple[str, ...]:
    """Known failures for the card: leaks that an audit found in the training data."""
    return tuple(
        f"Trained on {issues.data}: {leak.message}"
        for data_folder in data.folders
        if (issues := read_issues(data_folder, folder.parent.parent))
        for leak in issues.leaks
    )


def _injected_faults(config: TrainConfig) -> tuple[str, ...]:
    faults = ", ".join(f"{name} {value}" for name, value in config.faults.chosen.items())
    return (f"Trained with injected faults: {faults}.",) if faults else ()
