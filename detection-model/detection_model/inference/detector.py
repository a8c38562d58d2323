"""A model file with its card, run by Keras, and ensembles of several.

This is the reference path: training, evaluation and the command line use it, and converted
models are checked against it. Needs TensorFlow.

An ensemble is described by a card of kind `ensemble`: `<name>.json` in the folder of its members,
without a model file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from detection_model import imaging
from detection_model.card import (
    Activation,
    Assumption,
    Card,
    CardError,
    Member,
    ModelFacts,
    assumed_card,
    card_path,
    contradictions,
    file_sha256,
    model_files,
    read_card,
)
from detection_model.card.files import check_label_map, read_eval_config
from detection_model.inference.crops import Crop
from detection_model.inference.model_file import ModelError as ModelError
from detection_model.inference.model_file import load_original as load_original
from detection_model.inference.model_file import read_original
from detection_model.inference.pipeline import common_face_margin
from detection_model.inference.probability import ensemble_logit, fake_logit, published_threshold
from detection_model.inference.runtime import Engine, TensorFlow


@dataclass(frozen=True)
class LoadedModel:
    """A Keras model without its last activation, and the properties of its file."""

    logits: Any
    facts: ModelFacts


@dataclass(frozen=True)
class Detector:
    """One model with its card."""

    path: Path
    card: Card
    assumptions: list[Assumption]
    engine: Engine

    @classmethod
    def load(cls, path: Path) -> "Detector":
        """Load a model file and its card; without a card one is assumed.

        Raises:
            ModelError: not a model that takes one image.
            CardError: the card is invalid or contradicts the file.
        """
        model = load_model(path)
        card, assumptions = resolve_card(path, file_sha256(path), model.facts)
        engine = TensorFlow(model.logits, height=card.input.height, width=card.input.width)
        return cls(path, card, assumptions, engine)

    @property
    def threshold(self) -> float:
        """The model's own threshold: from eval_config.json, else from the card."""
        return published_threshold(self.path, self.card)

    @property
    def face_margin(self) -> float | None:
        """Crop margin in face widths; None for a model of whole images."""
        return self.card.input.face_margin

    def fake_logits(self, pixels: NDArray[np.uint8], batch_size: int = 32) -> Iterator[float]:
        """Log-odds of Fake for resized uint8 images (n, height, width, 3), one by one."""
        for start in range(0, len(pixels), batch_size):
            batch = imaging.scale(pixels[start : start + batch_size], self.card.input)
            for outputs in self.engine(batch):
                yield fake_logit([float(value) for value in outputs], self.card.output)

    def log_odds(self, crop: Crop) -> float:
        """Log-odds of Fake of a face crop or a whole image."""
        (outputs,) = self.engine(crop.model_input(self.card.input)[None])
        return fake_logit([float(value) for value in outputs], self.card.output)


def load_model(path: Path) -> LoadedModel:
    """Load a Keras file without its last activation; no code from the file is run.

    Logits stay finite where a float32 sigmoid would saturate at 1.

    Raises:
        ModelError: damaged, not a Keras file, not one image in and one row out, or weights that
            are no numbers.
    """
    original = read_original(path)
    model = original.model
    _check_weights(model, path)
    height, width = _input_size(model, path)
    logits, units, activation = _cut_activation(model)
    facts = ModelFacts(
        height=height,
        width=width,
        units=units,
        activation=activation,
        rescales=_rescales(model),
        parameters=model.count_params(),
        classes=original.classes,
    )
    return LoadedModel(logits, facts)


def resolve_card(path: Path, sha256: str, facts: ModelFacts) -> tuple[Card, list[Assumption]]:
    """The card of a model file, checked against it; or an assumed card and its assumptions.

    Raises:
        CardError: invalid, or a field contradicts the file; the message names the field.
    """
    file = card_path(path)
    config = read_eval_config(path)
    if not file.exists():
        return assumed_card(path.stem, sha256, facts, config.classes)
    card = read_card(file)
    if errors := contradictions(card, facts, sha256):
        raise CardError(f"card {file.name}: " + "; ".join(errors))
    check_label_map(config, card)
    return card, []


def _check_weights(model: Any, path: Path) -> None:
    for weight in model.weights:
        if not np.isfinite(np.asarray(weight)).all():
            raise ModelError(
                f"{path.name} cannot judge anything: its weights {weight.path} are not all finite "
                "(NaN or infinity), as after a training that diverged"
            )


def _input_size(model: Any, path: Path) -> tuple[int, int]:
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[3] != 3:
        raise ModelError(f"{path.name} takes {shape}, not one image of shape (height, width, 3)")
    if shape[1] is None or shape[2] is None:
        raise ModelError(f"{path.name} takes images of any size; a fixed size is needed")
    return int(shape[1]), int(shape[2])


def _cut_activation(model: Any) -> tuple[Any, int, Activation]:
    """The model without its last sigmoid or softmax, its number of outputs, and the activation.

    A linear last layer already outputs logits and stays.
    """
    import keras

    shape = model.output_shape
    if not isinstance(shape, tuple) or len(shape) != 2 or shape[1] is None:
        raise ModelError(f"the model gives {shape}, not one row of numbers per image")
    last = model.layers[-1]
    if isinstance(last, keras.layers.Softmax):
        return keras.Model(model.inputs, last.input), int(shape[1]), "softmax"
    while getattr(last, "layers", None):  # a head that is itself a model
        last = last.layers[-1]
    name: str = getattr(getattr(last, "activation", None), "__name__", "no activation")
    if name not in get_args(Activation):
        raise ModelError(
            f"the model ends in {type(last).__name__} with {name}; sigmoid, softmax or logits "
            "are needed"
        )
    last.activation = keras.activations.linear
    return model, int(shape[1]), cast(Activation, name)


def _rescales(model: Any) -> bool:
    import keras

    scalers = (keras.layers.Rescaling, keras.layers.Normalization)
    return any(isinstance(layer, scalers) for layer in model._flatten_layers())


@dataclass(frozen=True)
class Ensemble:
    """A card and its members; `path` is the card's."""

    path: Path
    card: Card
    members: list[Detector]

    @classmethod
    def load(cls, path: Path) -> "Ensemble":
        """Load the members of a card, from the card's folder.

        Raises:
            CardError: not an ensemble's card, or a member is missing or a different file.
            ModelError: a member is not a model that takes one image.
        """
        card = read_card(path)
        return cls(path, card, [Detector.load(file) for file in member_files(path, card)])

    @property
    def threshold(self) -> float:
        """The ensemble's own threshold: from eval_config.json, else from the card."""
        return published_threshold(self.path, self.card)

    @property
    def face_margin(self) -> float | None:
        """The first crop margin among the members; None if all take whole images."""
        return common_face_margin(member.card for member in self.members)

    @property
    def assumptions(self) -> list[Assumption]:
        """The members' assumptions, each with the member's name."""
        return [
            assumption.of_member(member.card.name)
            for member in self.members
            for assumption in member.assumptions
        ]

    def log_odds(self, crop: Crop) -> float:
        """Log-odds of Fake of a face crop or a whole image, combined as the card says."""
        return ensemble_logit(self.card, [member.log_odds(crop) for member in self.members])


def load(path: Path | str) -> Detector | Ensemble:
    """Load a model file, or an ensemble by its card (`.json`).

    Raises:
        CardError: the card is invalid or contradicts the file.
        ModelError: not a model that takes one image.
    """
    path = Path(path)
    return Ensemble.load(path) if path.suffix == ".json" else Detector.load(path)


def member_files(path: Path, card: Card) -> list[Path]:
    """The members' model files, in the card's order. Needs no TensorFlow.

    Raises:
        CardError: the card is of no ensemble, or a member is missing or another file.
    """
    if card.kind != "ensemble":
        raise CardError(f"{path.name} is the card of a model, not of an ensemble")
    return [_file_of(member, path) for member in card.members]


def _file_of(member: Member, path: Path) -> Path:
    file = model_files(path.parent).get(member.name)
    if file is None:
        raise CardError(f"ensemble {path.name}: its member {member.name} is missing")
    if file_sha256(file) != member.sha256:
        raise CardError(
            f"ensemble {path.name}: the file of its member {member.name} has changed (sha256); "
            "create the ensemble again: detection-model model ensemble --help"
        )
    return file
