"""The card itself."""

from typing import Literal, Self

from pydantic import Field, model_validator

from detection_model.card.doubt import Conformal, Scope, Steadiness
from detection_model.card.ensemble import Combination, Member, StackedCombination
from detection_model.card.parts import (
    Calibrator,
    InputSpec,
    NoCalibrator,
    OutputSpec,
    Sha256,
    Strict,
    Threshold,
    TrainingRun,
)


class Card(Strict):
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
    conformal: Conformal | None = Field(
        None, description="which classes a picture may be of, at a coverage; none: not said"
    )
    scope: Scope | None = Field(
        None, description="where the training pictures lie; none: no distance is measured"
    )
    steadiness: Steadiness | None = Field(
        None, description="how far small changes of a picture move the model; none: not measured"
    )
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
