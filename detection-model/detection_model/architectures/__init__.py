"""The architectures that can be trained by name.

Recipes are plain data; Keras is imported when one is built.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from detection_model.architectures import backbones, cnn
from detection_model.architectures.backbones import NONE as NONE
from detection_model.architectures.backbones import HeadName as HeadName
from detection_model.architectures.backbones import WeightsError as WeightsError
from detection_model.card import ClassName, InputSpec

_HEADLESS = "v1, v2, v3 and the MesoNets"


@dataclass(frozen=True)
class Recipe:
    """Defaults for building and training an architecture.

    `side` is that of its pictures in pixels. `weights` says where those of a backbone come from
    (`imagenet`, or `none`); networks without one have no `head` of their own choice either.
    `fine_tuned` layers of the backbone are trained for `fine_tune_epochs` after the head.
    `published_classes`: of 0 and 1 in the weights that the architecture's authors published for
    this task, if they did.
    """

    network: Callable[..., Any]
    side: int
    epochs: int
    summary: str
    batch_size: int = 32
    learning_rate: float = 1e-3
    weights: str = NONE
    head: HeadName | None = None
    fine_tune_epochs: int = 0
    fine_tuned: int = 30
    published_classes: tuple[ClassName, ClassName] | None = None

    @property
    def input(self) -> InputSpec:
        """The default settings."""
        return self.input_spec(self.side)

    def input_spec(self, side: int) -> InputSpec:
        """Square pictures with values from 0 to 255: every network here scales by itself."""
        return InputSpec(height=side, width=side)

    def build(
        self, side: int | None = None, weights: str | None = None, head: HeadName | None = None
    ) -> Any:
        """An uncompiled Keras model: float32 (n, side, side, 3) to one sigmoid, that of Fake.

        Args:
            side: of the pictures, in pixels.
            weights: `imagenet`, `none` (random, on purpose), or a file of the backbone's weights.
            head: what follows the backbone.

        Raises:
            WeightsError: there are no such weights, or this network takes none; or no such head.
        """
        side, weights, head = side or self.side, weights or self.weights, head or self.head
        if self.head is not None:
            return self.network(side=side, weights=weights, head=head)
        if weights != NONE:
            raise WeightsError(f"{_HEADLESS} begin with random weights: there are no pretrained")
        if head is not None:
            raise WeightsError(f"{_HEADLESS} have their own head: leave --head out")
        return self.network(side=side)


def _backbone(name: str, summary: str, **changes: Any) -> Recipe:
    pooling = changes.pop("pooling", "average")
    settings = {"epochs": 5, "fine_tune_epochs": 5, "weights": "imagenet"}
    return Recipe(
        network=partial(backbones.build, name, pooling=pooling),
        summary=summary,
        **{"side": 224, "head": "dense", **settings, **changes},
    )


def _mesonet(network: Callable[..., Any], summary: str) -> Recipe:
    # The authors number their folders df and real by name.
    classes: tuple[ClassName, ClassName] = ("Fake", "Real")
    return Recipe(network, cnn.SIDE, 20, summary, published_classes=classes)


RECIPES: dict[str, Recipe] = {
    "v1": Recipe(
        network=partial(cnn.build_cnn, paddings=("valid", "valid", "valid"), dropout=0.0),
        side=cnn.SIDE,
        epochs=20,
        summary="Three unpadded convolutions, no dropout",
    ),
    "v2": Recipe(
        network=partial(cnn.build_cnn, paddings=("same", "same", "valid"), dropout=0.5),
        side=cnn.SIDE,
        epochs=10,
        summary="Three convolutions, two of them padded, with dropout",
    ),
    "v3": Recipe(
        network=partial(cnn.build_cnn, paddings=("same", "same", "valid"), dropout=0.5),
        side=cnn.SIDE,
        epochs=20,
        summary="Three convolutions, two of them padded, with dropout",
    ),
    "meso4": _mesonet(cnn.build_meso4, "Meso4 (Afchar et al. 2018)"),
    "mesoinception4": _mesonet(cnn.build_mesoinception4, "MesoInception4 (Afchar et al. 2018)"),
    "vgg16": _backbone("vgg16", "VGG16 (Simonyan & Zisserman 2015)", fine_tuned=4),
    "xception": _backbone("xception", "Xception (Chollet 2017)", side=299),
    "mobilenetv2": _backbone("mobilenetv2", "MobileNetV2 (Sandler et al. 2018)"),
    "efficientnet-b0": _backbone("efficientnet-b0", "EfficientNet-B0 (Tan & Le 2019)"),
    "efficientnet-lite0": _backbone("efficientnet-lite0", "EfficientNet-Lite0 (Liu & Tan 2020)"),
    "v4": _backbone(
        "efficientnet-lite0",
        "EfficientNet-Lite0 (Liu & Tan 2020) on faces, fine-tuned",
        head="linear",
        fine_tuned=151,
    ),
    "v5": _backbone(
        "efficientnet-lite0",
        "EfficientNet-Lite0 (Liu & Tan 2020) on faces, judged by the statistics of seven levels",
        pooling="statistics",
        head="linear",
        fine_tuned=90,
    ),
    "efficientnet-b7": _backbone(
        "efficientnet-b7", "EfficientNet-B7 (Tan & Le 2019)", side=600, batch_size=8, head="mlp"
    ),
    "efficientnet-b7-attention": _backbone(
        "efficientnet-b7",
        "EfficientNet-B7 (Tan & Le 2019), pooled where an attention mask looks",
        side=600,
        batch_size=8,
        head="mlp",
        pooling="attention",
    ),
}
