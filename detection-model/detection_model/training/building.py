"""From a configuration to what Keras trains: a compiled network, its batches, its callbacks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from detection_model import architectures, perturb
from detection_model.data.decoding import Pictures
from detection_model.inference.detector import load_original
from detection_model.training import fault_injection
from detection_model.training.augment import augment
from detection_model.training.batches import Alter, training_batches
from detection_model.training.callbacks import Curves, EpochSeeds, Replayed, StageRate, Warmup
from detection_model.training.checkpoints import Progress, RunKeeper
from detection_model.training.config import Precision, TrainConfig
from detection_model.training.loading import TrainingData
from detection_model.training.run import RunRecord
from detection_model.training.sampler import Mixture, portrait_batches
from detection_model.training.stages import Stage, set_trainable

_OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}


def new_model(config: TrainConfig) -> Any:
    """The recipe's network as the configuration wants it, uncompiled.

    Raises:
        WeightsError: the weights that it should begin with are not here.
    """
    with _computing_in(config.precision):
        recipe = architectures.ZOO[config.recipe]
        model = recipe.build(config.image_size, config.weights, config.head)
    if config.start:
        model.set_weights(load_original(Path(config.start)).get_weights())
    return model


def compile_for(model: Any, config: TrainConfig, stage: Stage) -> None:
    """Let learn what the stage says, with a new optimizer."""
    set_trainable(model, stage)
    optimizer = getattr(keras.optimizers, _OPTIMIZERS[config.optimizer])
    model.compile(
        optimizer=optimizer(stage.rate, global_clipnorm=config.clip),
        loss=fault_injection.loss(config.faults, config.label_smoothing),
        metrics=["accuracy"],
    )
    model.optimizer.build(model.trainable_variables)


def batches(
    config: TrainConfig, data: TrainingData, first_epoch: int, pictures: int | None = None
) -> Any:
    """Training batches from an epoch on, altered and spoilt as the configuration says.

    `pictures` are drawn of portraits for an epoch; none: as many as the configuration says.
    """
    if isinstance(data.train, Mixture):
        return portrait_batches(
            data.train.drawing(pictures) if pictures else data.train,
            data.spec,
            config.augmentation,
            batch_size=config.batch_size,
            seed=config.seed,
            first_epoch=first_epoch,
        )
    return training_batches(
        data.train,
        data.spec,
        batch_size=config.batch_size,
        seed=config.seed,
        first_epoch=first_epoch,
        targets=fault_injection.labels(data.train.targets, config.faults, config.seed),
        alter=_alteration(config),
    )


def callbacks(
    config: TrainConfig, stage: Stage, progress: Progress, folder: Path, record: RunRecord
) -> list[Any]:
    """In the order in which they must be called: the checkpoint after all that it vouches for."""
    past = progress.of_stage(record.history)
    found: list[Any] = [
        EpochSeeds(config.seed),
        *fault_injection.callbacks(config.faults, config.seed),
    ]
    if config.schedule != "constant":
        found.append(StageRate(config, stage, progress.first))
    if config.warmup:
        found.append(Warmup(config.warmup, progress.first))
    patient = [
        (config.reduce_on_plateau, keras.callbacks.ReduceLROnPlateau, {"factor": 0.5}),
        (config.early_stopping, keras.callbacks.EarlyStopping, {}),
    ]
    for patience, kind, settings in patient:
        if patience:
            inner = kind(monitor="val_loss", patience=patience, **settings)
            found.append(Replayed(inner, progress.first, past, stage.rate))
    curves = Curves(folder, write_graph=False)
    return [*found, curves, RunKeeper(folder, record, progress)]


def class_weights(config: TrainConfig, train: Pictures | Mixture) -> dict[int, float] | None:
    """Loss weights by class, 0 for Real; none where both classes count alike."""
    if config.class_weights is None:
        return None
    if isinstance(config.class_weights, tuple):
        return dict(enumerate(config.class_weights))
    if isinstance(train, Mixture):
        return None  # half of what it draws is real
    fake = float(train.targets.mean())
    return {0: 0.5 / (1 - fake), 1: 0.5 / fake}


def _alteration(config: TrainConfig) -> Alter | None:
    how, noise = config.augmentation, config.faults.input_noise
    if not (how.chosen or noise):
        return None

    def alter(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        altered = augment(pixels, how, rng) if how.chosen else pixels
        return perturb.noise(altered, noise, rng, np.float32) if noise else altered

    return alter


@contextmanager
def _computing_in(precision: Precision) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
