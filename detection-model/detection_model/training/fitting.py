"""Trains a network stage by stage, from its start or from the checkpoint of a run that stopped."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from detection_model import architectures
from detection_model.data.issues import data_warnings, said_of
from detection_model.training import building, plots, run
from detection_model.training.batches import validation_batches
from detection_model.training.checkpoints import Progress, load_checkpoint, save_weights_only
from detection_model.training.config import TrainConfig
from detection_model.training.devices import Devices, find_devices
from detection_model.training.loading import TrainingData
from detection_model.training.probe import fit_probe
from detection_model.training.reporting import Interrupted, Reporter
from detection_model.training.run import RunRecord
from detection_model.training.stages import Stage, stages


@dataclass(frozen=True)
class Fitted:
    """A trained network, the folder of its run and what happened there."""

    model: Any
    folder: Path
    record: RunRecord


def fit(config: TrainConfig, data: TrainingData, logs: Path, report: Reporter) -> Fitted:
    """Train through all stages; an unfinished run of the same configuration and data goes on.

    Raises:
        TrainingError: the devices cannot share a batch.
        WeightsError: the weights to begin with are not here.
        Interrupted: on Ctrl-C.
    """
    devices = find_devices()
    devices.check(config.batch_size)
    report.say(f"training on {devices.said}")
    keras.utils.set_random_seed(config.seed)
    plan = stages(config, architectures.ZOO[config.recipe])
    unfinished = run.resumable(logs, config, data.fingerprint)
    with devices.scope():
        if unfinished:
            folder, record = unfinished
            model, progress = load_checkpoint(folder / run.LAST)
            report.say(f"resuming {folder}")
        else:
            model, progress = building.new_model(config), Progress()
            if config.probe:
                fit_probe(model, config, config.probe, data, report)
            building.compile_for(model, config, plan[0])
            folder = run.new_folder(logs, config.name)
            record = _new_record(config, data, model, devices.said, plan)
            report.say(f"logging to {folder}")
            if config.probe:
                save_weights_only(model, folder / run.PROBE)
    if data.written_split is not None:
        plots.write_json(folder / "split.json", data.written_split)
    # As of now: a resumed run may have been inspected since.
    warned = tuple(text for one in data.folders for text in said_of(one, logs))
    inspected = any(data_warnings(one, logs) is not None for one in data.folders)
    record.data_warnings = warned if inspected else None
    for text in warned:
        report.say(f"WARNING: {text}")
    fitted = Fitted(model, folder, record)
    _go_on(fitted, progress)
    try:
        for number in range(progress.stage, len(plan)):
            if number > progress.stage:
                progress = Progress(stage=number, first=progress.epochs, epochs=progress.epochs)
                with devices.scope():
                    building.compile_for(model, config, plan[number])
            _fit_stage(fitted, plan[number], progress, data, devices, report)
            if len(plan) > 1:
                save_weights_only(model, folder / f"{plan[number].name}.keras")
    except KeyboardInterrupt:
        record.status = "interrupted"
        record.save(folder)
        raise Interrupted(folder, len(record.history.get("loss", []))) from None
    return fitted


def _go_on(fitted: Fitted, progress: Progress) -> None:
    record = fitted.record
    record.status = "running"
    record.history = {name: values[: progress.epochs] for name, values in record.history.items()}
    record.save(fitted.folder)


def _fit_stage(
    fitted: Fitted,
    stage: Stage,
    progress: Progress,
    data: TrainingData,
    devices: Devices,
    report: Reporter,
) -> None:
    config, end = fitted.record.config, progress.first + stage.epochs
    if progress.stopped or progress.epochs >= end:
        return
    held = devices.first_batch(config.batch_size, len(data.validation.examples))
    fitted.model.fit(
        building.batches(config, data, progress.epochs),
        validation_data=validation_batches(
            data.validation, data.spec, batch_size=held, weights=data.validation_weights
        ),
        steps_per_epoch=-(-data.epoch_pictures // config.batch_size),
        initial_epoch=progress.epochs,
        epochs=end,
        class_weight=building.class_weights(config, data.train),
        shuffle=False,  # the batches see to it
        callbacks=building.callbacks(config, stage, progress, fitted.folder, fitted.record),
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
