"""Training runs."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.base import Answer
from detection_model.training.logs import FileProblem

RunStatus = Literal["running", "interrupted", "finished", "unknown"]


class RunPoint(BaseModel):
    """The last value of a metric."""

    part: str
    tag: str
    step: int
    value: float | None
    points: int = Field(description="values in all")


class RunFacts(BaseModel):
    """Facts of a training from run.json."""

    recipe: str
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    data: str
    split: str
    examples: dict[str, int]
    parameters: int
    best_epoch: int | None
    device: str
    git_commit: str | None
    finished: datetime | None


class RunProblem(BaseModel):
    """An event file that cannot be read to its end; an incomplete one may still be written."""

    file: str = Field(description="path in the run's folder")
    code: FileProblem


class RunSummary(BaseModel):
    """One training run below the logs folder."""

    name: str = Field(examples=["v1/2026-11-21T14-52-55"])
    model: str = Field(description="the trained model; without run.json the name of its folder")
    status: RunStatus
    started: datetime | None
    updated: datetime
    last: list[RunPoint]
    problems: list[RunProblem]
    facts: RunFacts | None = Field(None, description="null: there is no run.json")


class RunList(Answer):
    """All runs, newest first."""

    runs: list[RunSummary]


class RunSeries(BaseModel):
    """Every value of one metric; the three lists have the same length."""

    part: str = Field(description="train, validation, or empty: the run has no parts")
    tag: str = Field(examples=["epoch_accuracy"])
    steps: list[int]
    times: list[float] = Field(description="seconds since 1970")
    values: list[float | None] = Field(description="null: not a number, or infinite")


class RunDetail(Answer):
    """One run with its curves."""

    run: RunSummary
    series: list[RunSeries]
