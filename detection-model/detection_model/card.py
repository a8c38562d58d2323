"""The model card: all that must be known to use a model file rightly.

The card stands as `<name>.json` beside `<name>.keras`. It settles what a bare file
leaves open (value range, resizing, and above all which class the number means).
Idea and most field names after Mitchell et al., "Model Cards for Model Reporting" (2019).
"""

import hashlib
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

# What is understood, the preferred one first.
MODEL_SUFFIXES = (".keras", ".h5")

ClassName = Literal["Real", "Fake"]
Activation = Literal["sigmoid", "softmax", "linear"]
Beside = TypeVar("Beside", bound=BaseModel)
Probability = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class CardError(ValueError):
    """A card that cannot be read, or that contradicts its model file."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputSpec(_Strict):
    """How a picture becomes the model's input, a float32 array (height, width, 3)."""

    height: int = Field(ge=1, le=4096)
    width: int = Field(ge=1, le=4096)
    channels: Literal["RGB", "BGR"] = "RGB"
    value_range: tuple[float, float] = Field(
        (0, 255), description="what 0 and 255 become; (0, 255) where the file scales by itself"
    )
    mean: tuple[float, float, float] | None = Field(None, description="subtracted after scaling")
    std: tuple[float, float, float] | None = Field(None, description="divided by after mean")
    resize: Literal["stretch", "center-crop", "pad"] = "stretch"
    filter: Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"] = "bilinear"
    face_margin: float | None = Field(
        None, ge=0, description="margin round the face, in face widths; none: whole pictures"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.value_range[0] >= self.value_range[1]:
            raise ValueError("value_range must be (low, high) with low < high")
        if self.std is not None and min(self.std) <= 0:
            raise ValueError("std must be positive")
        return self


class OutputSpec(_Strict):
    """What the model's numbers mean.

    `sigmoid`: one number, the probability of the second of two classes.
    `softmax`: one number a class; classes of the same name are added up.
    """

    activation: Literal["sigmoid", "softmax"] = "sigmoid"
    classes: tuple[ClassName, ...] = ("Real", "Fake")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if set(self.classes) != {"Real", "Fake"}:
            raise ValueError("classes must name both Real and Fake")
        if self.activation == "sigmoid" and len(self.classes) != 2:
            raise ValueError("a sigmoid has two classes: those of 0 and of 1")
        return self

    @property
    def units(self) -> int:
        """Numbers that the model gives a picture."""
        return 1 if self.activation == "sigmoid" else len(self.classes)


class Threshold(_Strict):
    """From which probability of Fake on a picture is called Fake."""

    value: Probability = 0.5
    chosen: str = Field("default", description="how and on which data it was chosen")


class NoCalibrator(_Strict):
    """Probabilities as the model gives them."""

    kind: Literal["none"] = "none"


class TemperatureCalibrator(_Strict):
    """p = sigmoid(logit / temperature + bias); Guo et al. 2017, Platt 1999."""

    kind: Literal["temperature"] = "temperature"
    temperature: float = Field(gt=0)
    bias: float = 0.0


class IsotonicCalibrator(_Strict):
    """Piecewise linear through (x, y): raw to calibrated probability; Zadrozny & Elkan 2002."""

    kind: Literal["isotonic"] = "isotonic"
    x: tuple[Probability, ...] = Field(min_length=2)
    y: tuple[Probability, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.x) != len(self.y):
            raise ValueError("x and y must have the same length")
        if any(b <= a for a, b in zip(self.x, self.x[1:], strict=False)):
            raise ValueError("x must increase")
        if any(b < a for a, b in zip(self.y, self.y[1:], strict=False)):
            raise ValueError("y must not decrease")
        return self


Calibrator = Annotated[
    NoCalibrator | TemperatureCalibrator | IsotonicCalibrator, Field(discriminator="kind")
]


class TrainingRun(_Strict):
    """Where the weights come from, enough to train them again."""

    data: str
    data_fingerprint: str | None = Field(None, description="sha256 over the pictures' hashes")
    split: str
    examples: dict[str, int] = Field({}, description="pictures by split/class")
    seed: int
    epochs: int
    git_commit: str | None = None
    log_folder: str | None = None


class Member(_Strict):
    """One model of an ensemble."""

    name: str
    sha256: Sha256
    weight: float = Field(1, gt=0, description="in a mean")
    calibrator: Calibrator = Field(
        NoCalibrator(), description="its own when the ensemble was made, for a mean"
    )


class MeanCombination(_Strict):
    """Mean of the members' calibrated probabilities, by their weights."""

    kind: Literal["mean"] = "mean"


class StackedCombination(_Strict):
    """p = sigmoid(intercept + sum of coefficient * logit), by member; Wolpert 1992."""

    kind: Literal["stacked"] = "stacked"
    coefficients: tuple[float, ...] = Field(min_length=1)
    intercept: float = 0.0


Combination = Annotated[MeanCombination | StackedCombination, Field(discriminator="kind")]


class Card(_Strict):
    """The card of a published model."""

    schema_version: Literal[1] = 1
    name: str = Field(min_length=1, max_length=100)
    version: str = "1"
    kind: Literal["model", "ensemble"] = "model"
    members: tuple[Member, ...] = ()
    combination: Combination | None = Field(
        None, description="of an ensemble's members; none: their mean"
    )
    sha256: Sha256 | None = Field(None, description="of the model file; none for an ensemble")
    architecture: str | None = None
    parameters: int | None = Field(None, ge=0)
    input: InputSpec = Field(description="of an ensemble: that of its first member")
    output: OutputSpec = OutputSpec()
    threshold: Threshold = Threshold()
    calibrator: Calibrator = NoCalibrator()
    training: TrainingRun | None = None
    summary: str = Field("", description="one or two sentences for the reader of a list")
    intended_use: str = ""
    data_licences: tuple[str, ...] = ()
    known_failures: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.kind == "ensemble") != bool(self.members):
            raise ValueError("an ensemble names its members, a model has none")
        if self.kind == "model" and self.sha256 is None:
            raise ValueError("sha256 is missing")
        if self.kind == "model" and self.combination is not None:
            raise ValueError("only an ensemble has a combination")
        if isinstance(self.combination, StackedCombination) and len(
            self.combination.coefficients
        ) != len(self.members):
            raise ValueError("combination.coefficients must be one a member")
        return self


class ModelFacts(_Strict):
    """What a model file says of itself once it is loaded."""

    height: int
    width: int
    units: int
    activation: Activation = Field(description="of the last layer; linear where it gives logits")
    rescales: bool = Field(description="the graph holds a Rescaling or Normalization layer")
    parameters: int


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def identity(card: Card) -> str:
    """What an evaluation is of: SHA-256 of the file; of an ensemble, of members and combination.

    A threshold or a calibrator may change without it.
    """
    if card.sha256 is not None:
        return card.sha256
    combined = card.model_dump_json(include={"members", "combination"})
    return hashlib.sha256(combined.encode()).hexdigest()


def card_path(model_path: Path) -> Path:
    """Where the card of a model file stands."""
    return model_path.with_suffix(".json")


def read_card(path: Path) -> Card:
    """Read a card.

    Raises:
        CardError: not JSON or not a card; the message names the field.
    """
    return read_beside(path, Card)


def read_beside(path: Path, kind: type[Beside]) -> Beside:
    """Read a JSON file that stands beside a model.

    Raises:
        CardError: it cannot be read or is not of this kind; the message names the field.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CardError(f"{path.name}: {field}: {first['msg']}") from None
    except OSError as error:
        raise CardError(f"{path.name}: cannot be read ({error.strerror})") from None


def write_card(card: Card, path: Path) -> None:
    """Write a card as JSON that reads well in a diff."""
    path.write_text(card.model_dump_json(indent=2, exclude_none=True) + "\n")


def contradictions(card: Card, facts: ModelFacts, sha256: str) -> list[str]:
    """Every field in which a card contradicts its file, as sentences that name the field."""
    pairs = [
        ("sha256", card.sha256, sha256),
        ("input.height", card.input.height, facts.height),
        ("input.width", card.input.width, facts.width),
        ("output.classes", card.output.units, facts.units),
    ]
    if facts.activation != "linear":
        pairs.append(("output.activation", card.output.activation, facts.activation))
    if card.parameters is not None:
        pairs.append(("parameters", card.parameters, facts.parameters))
    return [f"{field} says {said}, the file {is_}" for field, said, is_ in pairs if said != is_]


def assumed_card(
    name: str, sha256: str, facts: ModelFacts, classes: tuple[ClassName, ...] | None = None
) -> tuple[Card, list[str]]:
    """A card for a file that has none, and what had to be assumed, as sentences.

    Args:
        name: of the model.
        sha256: of the file.
        facts: what the file says of itself.
        classes: the class of 0 and of 1 where something else than the card says so.

    Raises:
        CardError: the number of outputs fits no reading as Real against Fake.
    """
    if facts.units > 2 or (facts.units == 1 and facts.activation == "softmax"):
        raise CardError(
            f"{facts.units} outputs have no obvious meaning: write a card that names the classes"
        )
    input_spec = InputSpec(
        height=facts.height,
        width=facts.width,
        value_range=(0, 255) if facts.rescales else (0, 1),
    )
    output = OutputSpec(
        activation="sigmoid" if facts.units == 1 else "softmax", classes=classes or ("Real", "Fake")
    )
    card = Card(
        name=name, sha256=sha256, input=input_spec, output=output, parameters=facts.parameters
    )
    scaled = "the file scales its input" if facts.rescales else "the file does not scale its input"
    assumptions = [
        f"values from {input_spec.value_range[0]:g} to {input_spec.value_range[1]:g}, as {scaled}",
        f"output 1 means {output.classes[1]}"
        + (" (as eval_config.json says)" if classes else "")
        + (", given as a logit" if facts.activation == "linear" and facts.units == 1 else ""),
        "pictures are stretched to the input size (bilinear), channels in RGB order",
    ]
    return card, assumptions
