"""One training from start or checkpoint to a published model."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detection_model import zoo
from detection_model.card import Card, TrainingRun, card_path, file_sha256, write_card
from detection_model.data.folders import Example, SplitName, find_data
from detection_model.data.pictures import BadPicture, Pictures, Progress, load_pictures
from detection_model.training import plots, run
from detection_model.training.batches import training_batches, validation_batches
from detection_model.training.checkpoints import RunKeeper
from detection_model.training.run import RunRecord, TrainConfig


class TrainingError(ValueError):
    """A training that cannot start; the message says what to change."""


class Interrupted(Exception):  # noqa: N818  not an error: Ctrl-C
    """Training was stopped by hand; the same command goes on from the checkpoint."""

    def __init__(self, folder: Path, epochs_done: int) -> None:
        super().__init__(f"stopped after {epochs_done} epochs")
        self.folder = folder
        self.epochs_done = epochs_done


@dataclass(frozen=True)
class Places:
    """Where things are read and written."""

    models: Path
    logs: Path


@dataclass
class Reporter:
    """How a training tells what it is doing; all may be left silent."""

    say: Callable[[str], None] = lambda _text: None
    bad: Callable[[BadPicture], None] = lambda _bad: None
    decoding: Callable[[str], AbstractContextManager[Progress]] = lambda _split: nullcontext(
        lambda _done, _total: None
    )
    verbose: int = 0


@dataclass(frozen=True)
class _Data:
    train: Pictures
    validation: Pictures
    split: str
    examples: dict[str, int]
    fingerprint: str
    skipped: dict[str, str]
    written_split: dict[str, list[str]] | None


def train(config: TrainConfig, places: Places, report: Reporter, *, force: bool = False) -> Path:
    """Train, publish `<models>/<name>.keras` with its card, and return its path.

    An unfinished run of the same configuration and data is resumed.

    Raises:
        TrainingError: the name is published already and `force` is not given.
        DataError: the data set is unusable.
        Interrupted: on Ctrl-C.
    """
    import keras

    published = places.models / f"{config.name}.keras"
    if published.exists() and not force:
        raise TrainingError(
            f"{published.name} is published already: use another --name, or --force to replace it"
        )
    recipe = zoo.ZOO[config.recipe]
    data = _load_data(config, recipe, report)
    keras.utils.set_random_seed(config.seed)
    unfinished = run.resumable(places.logs, config, data.fingerprint)
    if unfinished:
        folder, record = unfinished
        model = keras.saving.load_model(folder / run.LAST)
        report.say(f"resuming {folder}")
    else:
        folder = run.new_folder(places.logs, config.name)
        model = _compiled(config, recipe)
        record = _new_record(config, data, model)
        report.say(f"logging to {folder}")
    if data.written_split is not None:
        plots.write_json(folder / "split.json", data.written_split)
    _fit(model, config, recipe, data, folder, record, report)
    return _publish(model, recipe, folder, record, published)


def _load_data(config: TrainConfig, recipe: zoo.Recipe, report: Reporter) -> _Data:
    found = find_data(Path(config.data), seed=config.seed)

    def load(split: SplitName) -> Pictures:
        with report.decoding(split) as progress:
            pictures = load_pictures(found.split(split), recipe.input, progress=progress)
        for bad in pictures.bad:
            report.bad(bad)
        return pictures

    train_pictures, validation = load("train"), load("validation")

    def paths(examples: list[Example]) -> list[str]:
        return [example.path.relative_to(found.root).as_posix() for example in examples]

    return _Data(
        train=train_pictures,
        validation=validation,
        split=found.how,
        examples=found.counts(),
        fingerprint=train_pictures.fingerprint,
        skipped={
            bad.path.relative_to(found.root).as_posix(): bad.reason
            for bad in train_pictures.bad + validation.bad
        },
        written_split=(
            {str(name): paths(part) for name, part in found.splits.items()}
            if found.drawn_with is not None
            else None
        ),
    )


def _compiled(config: TrainConfig, recipe: zoo.Recipe) -> Any:
    import keras

    model = recipe.build()
    model.compile(
        optimizer=keras.optimizers.Adam(config.learning_rate),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )
    model.optimizer.build(model.trainable_variables)
    return model


def _new_record(config: TrainConfig, data: _Data, model: Any) -> RunRecord:
    import tensorflow as tf

    return RunRecord(
        config=config,
        started=run.now().isoformat(timespec="seconds"),
        data_fingerprint=data.fingerprint,
        split=data.split,
        examples=data.examples,
        skipped=data.skipped,
        parameters=model.count_params(),
        optimizer_variables=sum(int(v.shape.num_elements() or 0) for v in _values(model)),
        versions=run.package_versions(),
        device=", ".join(d.name for d in tf.config.list_logical_devices()),
        git_commit=run.git_commit(),
    )


def _values(model: Any) -> list[Any]:
    return [variable.value for variable in model.optimizer.variables]


def _fit(
    model: Any,
    config: TrainConfig,
    recipe: zoo.Recipe,
    data: _Data,
    folder: Path,
    record: RunRecord,
    report: Reporter,
) -> None:
    import keras

    steps = -(-len(data.train.examples) // config.batch_size)
    first = int(model.optimizer.iterations.numpy()) // steps
    record.status = "running"
    record.history = {name: values[:first] for name, values in record.history.items()}
    record.save(folder)
    try:
        model.fit(
            training_batches(
                data.train,
                recipe.input,
                batch_size=config.batch_size,
                seed=config.seed,
                first_epoch=first,
            ),
            validation_data=validation_batches(
                data.validation, recipe.input, batch_size=config.batch_size
            ),
            steps_per_epoch=steps,
            initial_epoch=first,
            epochs=config.epochs,
            callbacks=[
                RunKeeper(folder, record),
                keras.callbacks.TensorBoard(folder, write_graph=False),
            ],
            verbose=report.verbose,
        )
    except KeyboardInterrupt:
        record.status = "interrupted"
        record.save(folder)
        raise Interrupted(folder, len(record.history.get("loss", []))) from None


def _publish(
    model: Any,
    recipe: zoo.Recipe,
    folder: Path,
    record: RunRecord,
    published: Path,
) -> Path:
    from detection_model.training.checkpoints import save_weights_only

    record.status = "finished"
    record.finished = run.now().isoformat(timespec="seconds")
    record.save(folder)
    plots.plot_history(record.history, folder)
    published.parent.mkdir(parents=True, exist_ok=True)
    save_weights_only(model, published)
    config = record.config
    card = Card(
        name=config.name,
        sha256=file_sha256(published),
        architecture=recipe.summary,
        parameters=record.parameters,
        input=recipe.input,
        training=TrainingRun(
            data=config.data_name,
            data_fingerprint=record.data_fingerprint,
            split=record.split,
            examples=record.examples,
            seed=config.seed,
            epochs=config.epochs,
            git_commit=record.git_commit,
            log_folder=f"logs/{config.name}/{folder.name}",
        ),
        summary=f"{recipe.summary}; {config.epochs} epochs.",
        data_licences=config.data_licences,
    )
    write_card(card, card_path(published))
    (folder / run.LAST).unlink(missing_ok=True)
    return published
