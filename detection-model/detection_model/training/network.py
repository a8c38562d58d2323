"""The network of a training: stages, optimizer, loss, batches, linear probe and averaging."""

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
from detection_model.architectures.backbones import NONE
from detection_model.architectures.heads import backbone_layers
from detection_model.data.preprocessing import Pictures
from detection_model.inference.detector import load_original
from detection_model.training import fault_injection
from detection_model.training.augment import augment
from detection_model.training.config import Precision, ProbeSettings, TrainConfig
from detection_model.training.loading import PictureTransform, TrainingData, training_batches
from detection_model.training.run import Reporter, TrainingError
from detection_model.training.sampler import CropSampler, crop_batches
from detection_model.training.workers import ALONE, Workers

FINE_TUNING_RATE = 0.1
# Higher than any training epoch, so that the probe's sample is another one.
_PROBE_EPOCH = 2**31
# Limits the standardised values of nearly constant channels.
_LEAST_DEVIATION = 1e-3


@dataclass(frozen=True)
class Stage:
    """A training stage: `backbone` last layers of the backbone are trainable; None: all layers.

    Of these, the last `normalized` layers also update batch statistics.
    """

    name: str
    epochs: int
    rate: float
    backbone: int | None = None
    normalized: int = 0


def stages(config: TrainConfig, recipe: Recipe) -> list[Stage]:
    """One stage for random initial weights, up to two for a pretrained backbone."""
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
    """Unfreeze the layers of this stage.

    Batch normalisation in the backbone stays frozen by default: statistics of a few small batches
    would degrade the layers after it.
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
    """The configured network, uncompiled.

    Raises:
        WeightsError: the initial weights are missing.
    """
    with _computing_in(config.precision):
        recipe = architectures.RECIPES[config.recipe]
        model = recipe.build(config.image_size, config.weights, config.head)
    if config.start:
        model.set_weights(load_original(Path(config.start)).get_weights())
    return model


def compile_for(model: Any, config: TrainConfig, stage: Stage) -> None:
    """Compile the model for a stage with a new optimizer."""
    set_trainable(model, stage)
    optimizer = getattr(keras.optimizers, _OPTIMIZERS[config.optimizer])
    model.compile(
        optimizer=optimizer(stage.rate, global_clipnorm=config.clip),
        loss=fault_injection.loss(config.faults, config.label_smoothing),
        metrics=["accuracy"],
    )
    model.optimizer.build(model.trainable_variables)


def batches(
    config: TrainConfig,
    data: TrainingData,
    first_epoch: int,
    pictures: int | None = None,
    workers: Workers = ALONE,
) -> Any:
    """Training batches from `first_epoch`, with augmentation and injected faults.

    `pictures` is the number of face crops in an epoch; None: as configured. Each of several workers
    gets its share of every batch.
    """
    if isinstance(data.train, CropSampler):
        return crop_batches(
            data.train.drawing(pictures) if pictures else data.train,
            data.spec,
            config.augmentation,
            batch_size=config.batch_size,
            seed=config.seed,
            first_epoch=first_epoch,
            workers=workers,
        )
    return training_batches(
        data.train,
        data.spec,
        batch_size=config.batch_size,
        seed=config.seed,
        first_epoch=first_epoch,
        targets=fault_injection.labels(data.train.targets, config.faults, config.seed),
        transform=_transform(config),
        workers=workers,
    )


def class_weights(config: TrainConfig, train: Pictures | CropSampler) -> dict[int, float] | None:
    """Loss weights by class, 0 for Real; None: equal weights."""
    if config.class_weights is None:
        return None
    if isinstance(config.class_weights, tuple):
        return dict(enumerate(config.class_weights))
    if isinstance(train, CropSampler):
        return None  # the sampler is balanced
    fake = float(train.targets.mean())
    return {0: 0.5 / (1 - fake), 1: 0.5 / fake}


def _transform(config: TrainConfig) -> PictureTransform | None:
    settings, noise = config.augmentation, config.faults.input_noise
    if not (settings.chosen or noise):
        return None

    def transform(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        changed = augment(pixels, settings, rng) if settings.chosen else pixels
        return perturb.noise(changed, noise, rng, np.float32) if noise else changed

    return transform


@contextmanager
def _computing_in(precision: Precision) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def fit_probe(
    model: Any, config: TrainConfig, settings: ProbeSettings, data: TrainingData, report: Reporter
) -> None:
    """Fit a linear probe: logistic regression on the frozen backbone sets the last layer.

    A backbone without fine-tuning generalises better to unknown generators than one after long
    fine-tuning (Ojha et al., "Towards universal fake image detectors that generalize across
    generative models", CVPR 2023). Fine-tuning starts from the probe, and their weights may be
    averaged. The network has a `statistics` head, whose standardisation is set too. The pictures
    are sampled and augmented like an epoch of `settings.pictures`.

    Raises:
        TrainingError: the network has another head, or the data are whole pictures.
    """
    from sklearn.linear_model import LogisticRegression

    from detection_model.architectures.heads import SPREAD, STANDARD, STATISTICS

    names = {layer.name for layer in model.layers}
    if STATISTICS not in names or not isinstance(data.train, CropSampler):
        raise TrainingError("a probe needs `portraits` and a `statistics` head, as in v5")
    report.say(f"fitting a probe to {settings.pictures} pictures")
    sample = batches(config, data, _PROBE_EPOCH, settings.pictures)
    backbone = keras.Model(model.inputs, model.get_layer(STATISTICS).output)
    parts = [
        (backbone.predict_on_batch(x), y)
        for x, y in (sample[index] for index in range(len(sample)))
    ]
    numbers = np.concatenate([x for x, _ in parts])
    fakes = np.concatenate([y for _, y in parts])[:, 0] > 0.5
    mean, deviation = numbers.mean(axis=0), np.maximum(numbers.std(axis=0), _LEAST_DEVIATION)
    probe = LogisticRegression(C=settings.penalty, max_iter=2000)
    probe.fit((numbers - mean) / deviation, fakes)
    standard, last = model.get_layer(STANDARD), model.layers[-1]
    standard.set_weights([mean, (deviation / SPREAD) ** 2 - standard.epsilon])
    last.set_weights([probe.coef_.T / SPREAD, probe.intercept_])


def averaged(networks: Sequence[Any], shares: Sequence[float]) -> Any:
    """A network whose weights are the weighted mean of the given networks' weights.

    Averaging only works if the networks share a loss basin, as with the same pretrained weights
    (Wortsman et al., "Model soups", 2022): evaluate the result.

    Raises:
        TrainingError: the networks have different shapes.
    """
    shapes = {tuple(weight.shape for weight in network.get_weights()) for network in networks}
    if len(shapes) > 1:
        raise TrainingError("the networks have different shapes: their weights cannot be averaged")
    first = networks[0]
    mean = type(first).from_config(first.get_config())
    columns = zip(*(network.get_weights() for network in networks), strict=True)
    mean.set_weights([np.average(column, axis=0, weights=shares) for column in columns])
    return mean
