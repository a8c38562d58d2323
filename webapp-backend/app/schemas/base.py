"""Base types of all answers."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from detection_model.inference.probability import ThresholdSource

__all__ = ["Answer", "ErrorAnswer", "Probability", "ThresholdSource"]


class Answer(BaseModel):
    """Every good answer."""

    # `model_name` and `model_loaded` are names of the contract, not pydantic's.
    model_config = ConfigDict(protected_namespaces=())

    success: Literal[True] = True


class ErrorAnswer(BaseModel):
    """Every refusal."""

    success: Literal[False] = False
    error: str = Field(description="short code for programs", examples=["unsupported_format"])
    message: str = Field(description="what to do about it")


class Probability(BaseModel):
    """Probabilities of both classes, in [0, 1], adding up to 1."""

    real: float
    fake: float
