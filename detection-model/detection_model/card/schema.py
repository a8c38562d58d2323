"""The fields of a model card. They are stored on disk: rename none without an alias."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ClassName = Literal["Real", "Fake"]
Activation = Literal["sigmoid", "softmax", "linear"]
Probability = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Strict(BaseModel):
    """Immutable; unknown fields are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class InputSpec(Strict):
    """Conversion of an image to the model's input, a float32 array (height, width, 3)."""

    height: int = Field(ge=1, le=4096)
    width: int = Field(ge=1, le=4096)
    channels: Literal["RGB", "BGR"] = "RGB"
    value_range: tuple[float, float] = Field(
        (0, 255),
        description="what 0 and 255 map to; (0, 255) if the model file contains the scaling",
    )
    mean: tuple[float, float, float] | None = Field(
        None, description="subtracted after the value range is applied"
    )
    std: tuple[float, float, float] | None = Field(
        None, description="divided by, after the mean is subtracted"
    )
    resize: Literal["stretch", "center-crop", "pad"] = "stretch"
    filter: Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"] = "bilinear"
    face_margin: float | None = Field(
        None, ge=0, description="margin around the face, in face widths; none: whole images"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.value_range[0] >= self.value_range[1]:
            raise ValueError("value_range must be (low, high) with low < high")
        if self.std is not None and min(self.std) <= 0:
            raise ValueError("std must be positive")
        return self


class OutputSpec(Strict):
    """Meaning of the model's outputs.

    `sigmoid`: one number, the probability of the second of two classes.
    `softmax`: one number per class; classes of the same name are added up.
    """

    activation: Literal["sigmoid", "softmax"] = "sigmoid"
    classes: tuple[ClassName, ...] = ("Real", "Fake")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if set(self.classes) != {"Real", "Fake"}:
            raise ValueError("classes must name both Real and Fake")
        if self.activation == "sigmoid" and len(self.classes) != 2:
            raise ValueError("a sigmoid has two classes: the one of 0 and the one of 1")
        return self

    @property
    def units(self) -> int:
        """Number of outputs per image."""
        return 1 if self.activation == "sigmoid" else len(self.classes)


class Threshold(Strict):
    """An image with at least this probability of Fake is called Fake."""

    value: Probability = 0.5
    chosen: str = Field("default", description="how it was chosen, and on which data")


class NoCalibrator(Strict):
    """No calibration: probabilities as the model outputs them."""

    kind: Literal["none"] = "none"


class TemperatureCalibrator(Strict):
    """p = sigmoid(logit / temperature + bias); Guo et al. 2017, Platt 1999."""

    kind: Literal["temperature"] = "temperature"
    temperature: float = Field(gt=0)
    bias: float = 0.0


class IsotonicCalibrator(Strict):
    """Piecewise linear map from raw (x) to calibrated (y) probability; Zadrozny & Elkan 2002."""

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
    """The training run behind the weights, with enough detail to repeat it."""

    data: str
    data_fingerprint: str | None = Field(None, description="SHA-256 of the images' hashes")
    split: str
    examples: dict[str, int] = Field({}, description="image counts by split/class")
    seed: int
    epochs: int
    git_commit: str | None = None
    log_folder: str | None = None


MeasureName = Literal[
    "luminance", "contrast", "sharpness", "saturation", "flat_share", "spectrum_slope"
]


class Conformal(Strict):
    """Split-conformal prediction sets with class-conditional (Mondrian) coverage.

    A class is in an image's set if 1 - p <= its limit, where p is the calibrated probability of
    that class. Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World" (2005);
    Sadinle, Lei & Wasserman, "Least Ambiguous Set-Valued Classifiers" (2019).
    """

    coverage: float = Field(
        gt=0, lt=1, description="share of each class whose set contains the true class"
    )
    real: Probability = Field(description="limit of 1 - p for Real")
    fake: Probability = Field(description="limit of 1 - p for Fake")
    data: str = Field(description="data that the limits were fitted on")
    pictures: int = Field(ge=1)


class Scope(Strict):
    """The distribution of the training images in a few image statistics, for OOD detection.

    A crop whose squared Mahalanobis distance from `centre` exceeds `limit` is out of
    distribution.
    """

    measures: tuple[MeasureName, ...] = Field(min_length=1)
    centre: tuple[float, ...]
    precision: tuple[tuple[float, ...], ...] = Field(description="inverse of the covariance")
    limit: float = Field(gt=0)
    data: str
    pictures: int = Field(ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        size = len(self.measures)
        if len(set(self.measures)) != size:
            raise ValueError("measures must not repeat")
        if len(self.centre) != size:
            raise ValueError("centre must have one number per measure")
        if len(self.precision) != size or any(len(row) != size for row in self.precision):
            raise ValueError("precision must have one row and one column per measure")
        return self


class Steadiness(Strict):
    """Effect of small perturbations on the model's output (its robustness margin).

    An image whose calibrated log-odds are farther than `reach` from the threshold keeps its
    verdict under them, so the consistency check can be skipped.
    """

    reach: float = Field(ge=0, description="in calibrated log-odds")
    share: Probability = Field(description="share of images that move no farther than the reach")
    data: str
    pictures: int = Field(ge=1)


class Member(Strict):
    """One model of an ensemble."""

    name: str
    sha256: Sha256
    weight: float = Field(1, gt=0, description="weight in the mean")
    calibrator: Calibrator = Field(
        NoCalibrator(), description="the member's calibrator when the ensemble was made"
    )


class MeanCombination(Strict):
    """Weighted mean of the members' calibrated probabilities."""

    kind: Literal["mean"] = "mean"


class StackedCombination(Strict):
    """p = sigmoid(intercept + sum over members of coefficient * logit); Wolpert 1992."""

    kind: Literal["stacked"] = "stacked"
    coefficients: tuple[float, ...] = Field(min_length=1)
    intercept: float = 0.0


Combination = Annotated[MeanCombination | StackedCombination, Field(discriminator="kind")]


class Card(Strict):
    """The card of a published model."""

    schema_version: Literal[1] = 1
    name: str = Field(min_length=1, max_length=100)
    version: str = "1"
    kind: Literal["model", "ensemble"] = "model"
    members: tuple[Member, ...] = ()
    combination: Combination | None = Field(
        None, description="how an ensemble combines its members; none: their mean"
    )
    sha256: Sha256 | None = Field(
        None, description="SHA-256 of the model file; none for an ensemble"
    )
    architecture: str | None = None
    parameters: int | None = Field(None, ge=0)
    input: InputSpec = Field(description="an ensemble has that of its first member")
    output: OutputSpec = OutputSpec()
    threshold: Threshold = Threshold()
    calibrator: Calibrator = NoCalibrator()
    conformal: Conformal | None = Field(
        None, description="conformal prediction sets; none: not fitted"
    )
    scope: Scope | None = Field(
        None, description="training distribution for OOD detection; none: not checked"
    )
    steadiness: Steadiness | None = Field(
        None, description="effect of small perturbations; none: not measured"
    )
    training: TrainingRun | None = None
    summary: str = Field("", description="one or two sentences for lists of models")
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
            raise ValueError("combination.coefficients must have one number per member")
        return self
