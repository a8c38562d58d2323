"""The parts of an ensemble's card: its members, and how their answers become one."""

from typing import Annotated, Literal

from pydantic import Field

from detection_model.card.parts import Calibrator, NoCalibrator, Sha256, Strict


class Member(Strict):
    """One model of an ensemble."""

    name: str
    sha256: Sha256
    weight: float = Field(1, gt=0, description="in a mean")
    calibrator: Calibrator = Field(
        NoCalibrator(), description="its own when the ensemble was made, for a mean"
    )


class MeanCombination(Strict):
    """Mean of the members' calibrated probabilities, by their weights."""

    kind: Literal["mean"] = "mean"


class StackedCombination(Strict):
    """p = sigmoid(intercept + sum of coefficient * logit), by member; Wolpert 1992."""

    kind: Literal["stacked"] = "stacked"
    coefficients: tuple[float, ...] = Field(min_length=1)
    intercept: float = 0.0


Combination = Annotated[MeanCombination | StackedCombination, Field(discriminator="kind")]
