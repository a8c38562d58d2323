"""Verdicts."""

from typing import Annotated

from pydantic import BaseModel, Field

from app.schemas.base import Answer, Probability, ThresholdSource
from detection_model.card import Assumption, ClassName
from detection_model.imaging import Note
from detection_model.inference.pipeline import Region
from detection_model.inference.verdict import ConformalSet, Evidence, Reason, Stability, VerdictName
from detection_model.provenance.record import Statement

Share = Annotated[float, Field(ge=0, le=1)]


class ImageInfo(BaseModel):
    """The picture as it was judged, upright."""

    sha256: str
    size_bytes: int
    width: int
    height: int
    format: str
    faces: int | None = Field(None, description="number of detected faces; null: not searched")
    notes: list[Note] = Field([], description="what is special about the file or its faces")


class Timing(BaseModel):
    """Milliseconds by stage."""

    decode: float = Field(description="decoding, and reading what the file says of its origin")
    queue: float
    faces: float = Field(description="looking for faces, once for all models; 0: not looked for")
    infer: float
    total: float


class VerdictFields(BaseModel):
    """One model's verdict on one face, or on the whole picture."""

    prediction: ClassName = Field(description="side of the threshold, whatever the verdict")
    verdict: VerdictName
    explained: list[Reason] = Field(description="why this verdict, by code and in words")
    confidence: float = Field(description="probability of the predicted class")
    probability: Probability = Field(description="calibrated where the model has a calibrator")
    raw_probability: Probability
    logit: float = Field(description="log-odds of Fake before calibration; always finite")
    evidence: Evidence = Field(
        description="of generation, by the probability of Fake: below 0.5, from there, from 0.7, "
        "from 0.9"
    )
    conformal: ConformalSet | None = Field(
        description="classes that it may be of at a coverage; null: the card does not say"
    )
    stability: Stability | None = Field(
        description="whether the verdict holds under small changes; null: not tried"
    )


class FaceBox(BaseModel):
    """Box of a face as shares of the upright picture's width and height."""

    left: Share
    top: Share
    width: Share
    height: Share


class FacePrediction(VerdictFields):
    """One model's verdict on one face."""

    box: FaceBox
    score: float = Field(description="how sure the face detector is, in [0, 1]")


class Prediction(Answer, VerdictFields):
    """One model's verdict on one picture: that of its face that looks most like Fake."""

    reasons: list[str] = Field(description="the messages of `explained`")
    judged: Region = Field(description="whether the figures are those of a face")
    faces: list[FacePrediction] = Field(
        description="the judged faces, the largest first; empty where the whole was judged"
    )
    leading_face: int | None = Field(
        description="index into `faces` of the face that decides the verdict; null: whole picture"
    )
    threshold: float
    threshold_source: ThresholdSource
    model: str
    model_sha256: str
    assumptions: list[str] = Field(description="what had to be assumed as there is no card")
    assumed: list[Assumption] = Field([], description="`assumptions` by code and in words")
    message: str
    image: ImageInfo
    provenance: Statement = Field(
        description="what the file says of its origin; no model took part in it"
    )
    device: str
    timing_ms: Timing


class FailedModel(BaseModel):
    """A model that could not answer."""

    model: str
    error: str
    message: str


class Agreement(BaseModel):
    """Counts of verdicts. Uncertain and out-of-scope verdicts are not votes."""

    models: int
    fake: int
    real: int
    undecided: int = Field(description="verdicts that are uncertain or out of scope")
    majority: ClassName | None = Field(description="null on a tie, or without a vote")
    unanimous: bool = Field(description="every model says Fake, or every model says Real")
    message: str


class Comparison(Answer):
    """The same picture through several models."""

    results: list[Prediction]
    failed: list[FailedModel]
    agreement: Agreement
