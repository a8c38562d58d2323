"""The parts of a card that every model has: input, output, threshold, calibrator, training."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ClassName = Literal["Real", "Fake"]
Activation = Literal["sigmoid", "softmax", "linear"]
Probability = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Strict(BaseModel):
    """Fields that are not known are refused; values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class InputSpec(Strict):
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


class OutputSpec(Strict):
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


class Threshold(Strict):
    """From which probability of Fake on a picture is called Fake."""

    value: Probability = 0.5
    chosen: str = Field("default", description="how and on which data it was chosen")


class NoCalibrator(Strict):
    """Probabilities as the model gives them."""

    kind: Literal["none"] = "none"


class TemperatureCalibrator(Strict):
    """p = sigmoid(logit / temperature + bias); Guo et al. 2017, Platt 1999."""

    kind: Literal["temperature"] = "temperature"
    temperature: float = Field(gt=0)
    bias: float = 0.0


class IsotonicCalibrator(Strict):
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


class TrainingRun(Strict):
    """Where the weights come from, enough to train them again."""

    data: str
    data_fingerprint: str | None = Field(None, description="sha256 over the pictures' hashes")
    split: str
    examples: dict[str, int] = Field({}, description="pictures by split/class")
    seed: int
    epochs: int
    git_commit: str | None = None
    log_folder: str | None = None
