"""The network of a training: its stages, its optimizer and loss, its batches."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from detection_model import architectures, perturb
from detection_model.architectures import Recipe
from detection_model.architectures.heads import backbone_layers
from detection_model.architectures.pretrained import NONE
from detection_model.data.decoding import Pictures
from detection_model.inference.detector import load_original
from detection_model.training import fault_injection
from detection_model.training.augment import augment
from detection_model.training.config import Precision, TrainConfig
from detection_model.training.loading import PictureTransform, TrainingData, training_batches
from detection_model.training.run import TrainingError
from detection_model.training.sampler import CropSampler, crop_batches

FINE_TUNING_RATE = 0.1


@dataclass(frozen=True)
class Stage:
    """`epochs` with the same layers learning: all (none), or so many last ones of the backbone.

    Of these, the last `normalized` ones learn batch statistics too.
    """

    name: str
    epochs: int
    rate: float
    backbone: int | None = None
    normalized: int = 0


def stages(config: TrainConfig, recipe: Recipe) -> list[Stage]:
    """One stage for a network that begins at random, two for one that has learned before."""
    rate = config.learning_rate
    if (config.weights or recipe.weights) == NONE and config.probe is None:
        return [Stage("whole", config.epochs + config.fine_tune_epochs, rate)]
    frozen = Stage("frozen", config.epochs, rate, backbone=0)
    if not config.fine_tune_epochs:
        return [frozen]
    tuned = config.fine_tuned
    return [
        *([frozen] if config.epochs else []),
        Stage(
            "fine-tuned",
            config.fine_tune_epochs,
            config.fine_tuning_rate or rate * FINE_TUNING_RATE,
            backbone=tuned,
            normalized=config.normalized,
        ),
    ]


def set_trainable(model: Any, stage: Stage) -> None:
    """Let those layers learn that the stage names.

    Batch normalisation in a backbone keeps its statistics unless told: those of a few small
    batches would spoil what the layers after it have learned.
    """
    from keras.layers import BatchNormalization

    if stage.backbone is None:
        return
    layers = backbone_layers(model)
    for position, layer in enumerate(layers):
        learning = stage.backbone
        if isinstance(layer, BatchNormalization):
            learning = min(learning, stage.normalized)
        layer.trainable = position >= len(layers) - learning


def rate_at(config: TrainConfig, stage: Stage, epoch: int) -> float:
    """The learning rate in an epoch of the stage, counted from 0."""
    left = 1 - epoch / stage.epochs
    if config.schedule == "linear":
        return stage.rate * left
    if config.schedule == "cosine":
        return stage.rate * (1 - math.cos(math.pi * left)) / 2
    return stage.rate


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
    if isinstance(data.train, CropSampler):
        return crop_batches(
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


def class_weights(config: TrainConfig, train: Pictures | CropSampler) -> dict[int, float] | None:
    """Loss weights by class, 0 for Real; none where both classes count alike."""
    if config.class_weights is None:
        return None
    if isinstance(config.class_weights, tuple):
        return dict(enumerate(config.class_weights))
    if isinstance(train, CropSampler):
        return None  # half of what it draws is real
    fake = float(train.targets.mean())
    return {0: 0.5 / (1 - fake), 1: 0.5 / fake}


def _alteration(config: TrainConfig) -> PictureTransform | None:
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


def averaged(networks: Sequence[Any], shares: Sequence[float]) -> Any:
    """A network like the first, whose every weight is the mean of theirs, weighed by `shares`.

    That it judges as well as they do is no matter of course: they must lie in one basin, as those
    do that began with the same pretrained weights. Evaluate it.

    Raises:
        TrainingError: they are built differently.
    """
    shapes = {tuple(weight.shape for weight in network.get_weights()) for network in networks}
    if len(shapes) > 1:
        raise TrainingError("these networks are built differently: their weights have no mean")
    first = networks[0]
    mean = type(first).from_config(first.get_config())
    columns = zip(*(network.get_weights() for network in networks), strict=True)
    mean.set_weights([np.average(column, axis=0, weights=shares) for column in columns])
    return mean
