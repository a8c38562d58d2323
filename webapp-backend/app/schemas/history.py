"""Past verdicts."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.schemas.base import Answer, Probability, ThresholdSource
from app.schemas.predict import Comparison
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
    same_picture: list[int] = Field(
        [],
        description="with `by=picture`: ids of all matching entries of this picture, newest first",
    )


class HistoryPage(Answer):
    """Past verdicts, newest first."""

    total: int = Field(description="number of matching entries")
    limit: int
    offset: int
    recording: bool = Field(description="whether new verdicts are kept")
    entries: list[HistoryEntry]


class HistoryEntryAnswer(Answer):
    """One entry with its complete answer."""

    entry: HistoryEntry
    answer: Comparison | None = Field(
        description="the complete answer; null: an older version of the service stored the entry"
    )


class HistoryDeleted(Answer):
    """Number of deleted entries."""

    deleted: int
