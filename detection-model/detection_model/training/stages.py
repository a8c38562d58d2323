"""The stages of a training: the head alone, then the end of the backbone at a lower rate."""

import math
from dataclasses import dataclass
from typing import Any

from detection_model.architectures import Recipe
from detection_model.architectures.heads import backbone_layers
from detection_model.architectures.pretrained import NONE
from detection_model.training.config import TrainConfig

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
