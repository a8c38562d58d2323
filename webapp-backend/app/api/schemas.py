"""The API's answers. Fields are only ever added."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from detection_model.card import Card, ClassName
from detection_model.evaluation.records import Confusion, Curves, Evaluation
from detection_model.verdict import VerdictName

ModelState = Literal["loading", "ready", "broken"]
ThresholdSource = Literal["request", "override", "eval_config", "card", "default"]


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


class ImageInfo(BaseModel):
    """The picture as it was judged, upright."""

    sha256: str
    size_bytes: int
    width: int
    height: int
    format: str
    faces: int | None = Field(None, description="none: faces were not looked for")


class Timing(BaseModel):
    """Milliseconds by stage."""

    decode: float
    queue: float
    infer: float
    total: float


class Prediction(Answer):
    """One model's verdict on one picture."""

    prediction: ClassName = Field(description="side of the threshold, whatever the verdict")
    verdict: VerdictName
    reasons: list[str] = Field(description="why this verdict")
    confidence: float = Field(description="probability of the predicted class")
    probability: Probability = Field(description="calibrated where the model has a calibrator")
    raw_probability: Probability
    logit: float = Field(description="log-odds of Fake before calibration; always finite")
    threshold: float
    threshold_source: ThresholdSource
    model: str
    model_sha256: str
    assumptions: list[str] = Field(description="what had to be assumed as there is no card")
    message: str
    image: ImageInfo
    device: str
    timing_ms: Timing


class FailedModel(BaseModel):
    """A model that could not answer."""

    model: str
    error: str
    message: str


class Agreement(BaseModel):
    """How many models say the same."""

    models: int
    fake: int
    real: int
    majority: ClassName | None = Field(description="none on a tie")
    unanimous: bool
    message: str


class Comparison(Answer):
    """The same picture through several models."""

    results: list[Prediction]
    failed: list[FailedModel]
    agreement: Agreement


class ModelFile(BaseModel):
    """The file as it lies in the models folder."""

    name: str
    size_bytes: int
    modified: datetime
    sha256: str | None


class Engine(BaseModel):
    """What runs the model."""

    name: Literal["litert", "tensorflow"]
    version: str
    max_difference: float = Field(
        description="largest difference in probability from Keras on generated pictures"
    )
    note: str | None = Field(None, description="why this engine and not the default")


class EvaluationSummary(BaseModel):
    """The first row of the model's evaluation, at the threshold in force."""

    dataset: str
    split: str
    confusion: Confusion
    accuracy: float
    auc: float | None


class ModelRow(BaseModel):
    """One file of the models folder and all that is known of it."""

    name: str
    state: ModelState
    active: bool
    problem: str | None = Field(None, description="why it is broken or still loading")
    file: ModelFile
    card: Card | None = Field(None, description="the card in use; assumed where it has none")
    assumptions: list[str] = []
    threshold: float | None = None
    threshold_source: ThresholdSource | None = None
    engine: Engine | None = None
    evaluation: EvaluationSummary | None = None


class ModelList(Answer):
    """All models."""

    active: str | None
    models: list[ModelRow]


class ModelDetail(Answer):
    """One model."""

    model: ModelRow


class ModelEvaluation(Answer):
    """What was measured of a model."""

    evaluation: Evaluation
    curves: Curves | None
    summary: EvaluationSummary | None


class ActiveModel(BaseModel):
    """Which model answers when a request names none."""

    name: str = Field(min_length=1, max_length=200)


class ActiveModelSet(Answer):
    """The model that answers from now on."""

    active: str


class ModelChange(BaseModel):
    """A new threshold, or null to go back to the model's own."""

    model_config = ConfigDict(extra="forbid")

    threshold: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None


class ModelInfo(Answer):
    """The active model, in the older shape."""

    model_name: str
    version: str
    input_shape: tuple[int, int, int]
    threshold: float
    classes: list[str]
    accuracy: float | None


class Health(Answer):
    """The process answers."""

    status: Literal["healthy"] = "healthy"
    model_loaded: bool
    timestamp: datetime


class Ready(Answer):
    """A model answers."""

    ready: Literal[True] = True
    models: list[str]
