"""Comparison of models on shared test pictures."""

from pydantic import BaseModel, Field

from app.schemas.base import Answer
from detection_model.card import ClassName


class Call(BaseModel):
    """One model's prediction for a test picture, at its threshold in force."""

    model: str
    fake: float = Field(description="probability of Fake")
    prediction: ClassName
    right: bool


class Disagreement(BaseModel):
    """A test picture on which the models disagree."""

    path: str
    label: ClassName
    sha256: str | None
    picture: bool = Field(description="/api/compare/pictures/{sha256} shows it")
    calls: list[Call]


class Pair(BaseModel):
    """Two models on the same pictures."""

    first: str
    second: str
    only_first_right: int
    only_second_right: int
    p_value: float = Field(description="McNemar's exact test, two-sided")


class ModelComparison(Answer):
    """Several models on the test pictures that all of them share."""

    models: list[str]
    not_measured: list[str] = Field(description="models without stored predictions")
    datasets: list[str]
    pictures: int = Field(description="test pictures that all measured models share")
    n_real: int
    n_fake: int
    agree: int = Field(description="pictures on which all models agree")
    all_right: int
    all_wrong: int
    pairs: list[Pair]
    disagreements: list[Disagreement]
