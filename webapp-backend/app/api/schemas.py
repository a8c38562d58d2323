"""The API's answers. Fields are only ever added."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from detection_model.card import Card, ClassName
from detection_model.evaluation.records import Confusion, Curves, Evaluation
from detection_model.verdict import VerdictName

ModelState = Literal["loading", "ready", "broken"]
FileRole = Literal["model", "card", "evaluation", "eval_config", "other"]
RunStatus = Literal["running", "interrupted", "finished", "unknown"]
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


class FolderFile(BaseModel):
    """One file or folder in the models folder, whatever it is."""

    name: str
    role: FileRole
    model: str | None = Field(None, description="name of the model that it belongs to")
    problem: str | None = Field(None, description="what is wrong with it and what to do")


class ModelsFolder(BaseModel):
    """Where model files are put."""

    shown_as: str = Field(description="its name for people, not a path of the server")
    exists: bool
    files: list[FolderFile]


class ModelList(Answer):
    """All models, and the folder that they come from."""

    active: str | None
    models: list[ModelRow]
    folder: ModelsFolder


class ModelDetail(Answer):
    """One model."""

    model: ModelRow


class ModelEvaluation(Answer):
    """What was measured of a model."""

    evaluation: Evaluation
    curves: Curves | None
    summary: EvaluationSummary | None


class ModelSpeed(Answer):
    """Time of one model call on one picture, measured just now on this machine."""

    model: str
    device: str
    threads: int = Field(description="of a call that is alone")
    runs: int
    median_ms: float
    fastest_ms: float
    slowest_ms: float


class Call(BaseModel):
    """What one model says of one test picture, at its threshold in force."""

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


class HistoryImage(BaseModel):
    """What is kept of a picture; the picture itself is not."""

    name: str | None = Field(None, description="of the uploaded file")
    sha256: str
    size_bytes: int
    width: int
    height: int
    format: str


class HistoryVerdict(BaseModel):
    """One model's answer of then."""

    model: str
    model_sha256: str
    prediction: ClassName
    verdict: VerdictName
    probability: Probability
    logit: float
    threshold: float
    threshold_source: ThresholdSource


class HistoryEntry(BaseModel):
    """One judged upload."""

    id: int
    created: datetime
    image: HistoryImage
    verdicts: list[HistoryVerdict]


class HistoryPage(Answer):
    """Past verdicts, newest first."""

    total: int = Field(description="entries that the filter lets through")
    limit: int
    offset: int
    recording: bool = Field(description="whether new verdicts are kept")
    entries: list[HistoryEntry]


class HistoryDeleted(Answer):
    """How many entries are gone."""

    deleted: int


class RunPoint(BaseModel):
    """The last value of a metric."""

    part: str
    tag: str
    step: int
    value: float | None
    points: int = Field(description="values in all")


class RunFacts(BaseModel):
    """What run.json says of a training."""

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


class RunSummary(BaseModel):
    """One training run below the logs folder."""

    name: str = Field(examples=["v1/2026-11-21T14-52-55"])
    model: str = Field(description="what it trained; its folder where run.json does not say")
    status: RunStatus
    started: datetime | None
    updated: datetime
    last: list[RunPoint]
    facts: RunFacts | None = Field(None, description="none where there is no run.json")


class RunList(Answer):
    """All runs, newest first."""

    runs: list[RunSummary]


class RunSeries(BaseModel):
    """Every value of one metric; the three lists have the same length."""

    part: str = Field(description="train, validation, or empty where the run has no parts")
    tag: str = Field(examples=["epoch_accuracy"])
    steps: list[int]
    times: list[float] = Field(description="seconds since 1970")
    values: list[float | None] = Field(description="none: not a number, or infinite")


class RunDetail(Answer):
    """One run with its curves."""

    run: RunSummary
    series: list[RunSeries]
