"""Verdicts."""

from pydantic import BaseModel, Field

from app.api.schemas.base import Answer, Probability, ThresholdSource
from detection_model.card import ClassName
from detection_model.verdict import VerdictName


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
