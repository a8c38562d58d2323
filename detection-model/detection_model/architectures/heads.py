"""Heads for backbones: pooling over the feature map, dense layers, one sigmoid."""

from collections.abc import Sequence
from typing import Any, Literal

HeadName = Literal["dense", "mlp", "linear"]
Pooling = Literal["average", "attention", "statistics"]

# Units and dropout of the hidden layers.
HIDDEN: dict[HeadName, tuple[tuple[int, float], ...]] = {
    "dense": ((256, 0.5),),
    "mlp": ((256, 0.2), (128, 0.2)),
    "linear": (),
}
# Before the only layer of `linear`.
_DROPOUT = 0.2
# Layers so named are the head's, all others the backbone's, also after loading.
PREFIX = "head_"


def attach(maps: Sequence[Any], head: HeadName, pooling: Pooling) -> Any:
    """The probability of Fake, (n, 1), from feature maps (n, h, w, c), the coarsest last.

    `average` and `attention` pool the last map alone, `statistics` all of them: see
    `detection_model.architectures.pooling`.

    The last layer computes in float32 under every precision: a float16 sigmoid saturates early.
    """
    from keras import layers

    if pooling == "attention":
        from detection_model.architectures.pooling import AttentionPooling

        x = AttentionPooling(name=f"{PREFIX}attention")(maps[-1])
    elif pooling == "statistics":
        from detection_model.architectures.pooling import standardised

        x = layers.Dropout(_DROPOUT, name=f"{PREFIX}dropout")(standardised(maps))
    else:
        x = layers.GlobalAveragePooling2D(name=f"{PREFIX}average")(maps[-1])
        if not HIDDEN[head]:
            x = layers.Dropout(_DROPOUT, name=f"{PREFIX}dropout")(x)
    for number, (units, dropout) in enumerate(HIDDEN[head], start=1):
        x = layers.Dense(units, activation="relu", name=f"{PREFIX}dense{number}")(x)
        x = layers.Dropout(dropout, name=f"{PREFIX}dropout{number}")(x)
    last = layers.Dense(1, activation="sigmoid", dtype="float32", name=f"{PREFIX}fake")
    return last(x)


def backbone_layers(model: Any) -> list[Any]:
    """The layers before the head, in order; none for a network without `attach`ed head."""
    before = [layer for layer in model.layers if not layer.name.startswith(PREFIX)]
    return before if len(before) < len(model.layers) else []
