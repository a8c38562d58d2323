"""Models side by side."""

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
    """A test picture that the models call differently."""

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
    """Several models on the test pictures that all of them were measured on."""

    models: list[str]
    not_measured: list[str] = Field(description="of these no predictions are known")
    datasets: list[str]
    pictures: int = Field(description="pictures that every measured one of them has judged")
    n_real: int
    n_fake: int
    agree: int = Field(description="pictures on which all say the same")
    all_right: int
    all_wrong: int
    pairs: list[Pair]
    disagreements: list[Disagreement]
