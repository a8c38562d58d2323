"""Past verdicts."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.schemas.base import Answer, Probability, ThresholdSource
from detection_model.card import ClassName
from detection_model.inference.verdict import VerdictName
from detection_model.provenance.record import Statement


class HistoryImage(BaseModel):
    """Stored facts of a picture, without the picture."""

    name: str | None = Field(None, description="of the uploaded file")
    sha256: str
    size_bytes: int
    width: int
    height: int
    format: str
    faces: int | None = Field(None, description="number of detected faces; null: not searched")


class HistoryVerdict(BaseModel):
    """Stored verdict of one model."""

    model: str
    model_sha256: str
    prediction: ClassName
    verdict: VerdictName
    probability: Probability
    logit: float
    threshold: float
    threshold_source: ThresholdSource


class HistoryEntry(BaseModel):
    """One classified upload."""

    id: int
    created: datetime
    image: HistoryImage
    provenance: Statement | None = Field(
        None, description="the statement of the file about its origin; null: not read"
    )
    verdicts: list[HistoryVerdict]


class HistoryPage(Answer):
    """Past verdicts, newest first."""

    total: int = Field(description="number of matching entries")
    limit: int
    offset: int
    recording: bool = Field(description="whether new verdicts are kept")
    entries: list[HistoryEntry]


class HistoryDeleted(Answer):
    """Number of deleted entries."""

    deleted: int
