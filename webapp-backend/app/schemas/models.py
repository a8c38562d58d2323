"""Models, their folder and their readiness."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.base import Answer, ThresholdSource
from detection_model.card import Assumption, Card
from detection_model.evaluation.records import Calibration, Confusion, Curves, Evaluation

ModelState = Literal["loading", "ready", "broken"]
FileRole = Literal["model", "card", "evaluation", "conversion", "eval_config", "other"]


class ModelFile(BaseModel):
    """The file in the models folder."""

    name: str
    size_bytes: int
    modified: datetime
    sha256: str | None


class Engine(BaseModel):
    """Engine that runs the model."""

    name: Literal["litert", "tensorflow"]
    version: str
    max_difference: float = Field(
        description="largest difference in probability from Keras on generated pictures"
    )
    max_logit_difference: float = Field(description="the same before the last activation")
    note: str | None = Field(None, description="why this engine and not the default")


class EvaluationSummary(BaseModel):
    """The first row of the model's evaluation, at the threshold in force."""

    dataset: str
    split: str
    confusion: Confusion
    accuracy: float
    auc: float | None


class ModelRow(BaseModel):
    """One file of the models folder, with its card, threshold and evaluation."""

    name: str
    state: ModelState
    active: bool
    problem: str | None = Field(None, description="why it is broken or still loading")
    file: ModelFile
    card: Card | None = Field(None, description="the card in use; assumed where it has none")
    assumptions: list[str] = []
    assumed: list[Assumption] = Field([], description="`assumptions` by code and in words")
    threshold: float | None = None
    threshold_source: ThresholdSource | None = None
    engine: Engine | None = Field(
        None, description="null for an ensemble: its members have their own"
    )
    evaluation: EvaluationSummary | None = None


class FolderFile(BaseModel):
    """One file or folder in the models folder."""

    name: str
    role: FileRole
    model: str | None = Field(None, description="name of the model that it belongs to")
    problem: str | None = Field(None, description="what is wrong with it and what to do")


class ModelsFolder(BaseModel):
    """The models folder."""

    shown_as: str = Field(description="its name for people, not a path of the server")
    exists: bool
    files: list[FolderFile]


class ModelList(Answer):
    """All models and their folder."""

    active: str | None
    models: list[ModelRow]
    folder: ModelsFolder


class ModelDetail(Answer):
    """One model."""

    model: ModelRow


class ModelEvaluation(Answer):
    """Evaluation of a model."""

    evaluation: Evaluation
    curves: Curves | None
    calibration: Calibration | None = None
    summary: EvaluationSummary | None


class ModelSpeed(Answer):
    """Time of one model call, measured on this machine."""

    model: str
    device: str
    threads: int = Field(description="threads of a single call")
    runs: int
    median_ms: float
    fastest_ms: float
    slowest_ms: float


class ActiveModel(BaseModel):
    """The default model."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)


class ActiveModelSet(Answer):
    """The new default model."""

    active: str


class ModelChange(BaseModel):
    """A new threshold; null restores the model's own."""

    model_config = ConfigDict(extra="forbid")

    threshold: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None


class ModelInfo(Answer):
    """The active model, in an older format."""

    model_name: str
    version: str
    input_shape: tuple[int, int, int]
    threshold: float
    classes: list[str]
    accuracy: float | None


class Health(Answer):
    """The process is alive."""

    status: Literal["healthy"] = "healthy"
    model_loaded: bool
    timestamp: datetime


class Ready(Answer):
    """At least one model answers."""

    ready: Literal[True] = True
    models: list[str]
