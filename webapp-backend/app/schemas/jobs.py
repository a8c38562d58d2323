"""Jobs."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.base import Answer, ThresholdSource
from app.schemas.history import HistoryImage, HistoryVerdict
from detection_model.explain.explanation import Method
from detection_model.faces import Box
from detection_model.inference.consistency import ConsistencyMode
from detection_model.provenance.record import Statement

JobKind = Literal["score", "explain"]
JobState = Literal["waiting", "running", "finished", "failed", "cancelled"]


class JobModel(BaseModel):
    """A model of a job, as it was when the job was accepted."""

    name: str
    sha256: str
    threshold: float
    threshold_source: ThresholdSource


class ExplainTask(BaseModel):
    """A heat map to compute."""

    method: Method
    face: int | None = Field(description="index by size; null: the whole picture")
    box: Box | None = Field(None, description="the face's crop in pixels; null: the whole picture")
    turns: int = Field(0, description="quarter turns that make the face upright")
    face_count: int | None = Field(None, description="detected faces; null: not searched")


class JobParameters(BaseModel):
    """Parameters of a job."""

    models: list[JobModel]
    calibrate: bool = True
    whole: bool = False
    stability: ConsistencyMode = "never"
    explain: ExplainTask | None = Field(None, description="only for jobs of kind explain")


class Job(BaseModel):
    """A job."""

    id: str
    kind: JobKind = Field(
        "score",
        description="score: verdicts on a ZIP of pictures; explain: a heat map of one picture",
    )
    state: JobState
    file: str | None = Field(None, description="name of the uploaded archive or picture")
    parameters: JobParameters
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    total: int = Field(description="number of files, or steps of an explanation")
    done: int = Field(description="files or steps done so far")
    failed: int = Field(description="files without a verdict so far")
    message: str | None = Field(None, description="why it failed")

    @property
    def ended(self) -> bool:
        """True if it neither waits nor runs."""
        return self.state not in ("waiting", "running")


class JobAnswer(Answer):
    """One job."""

    job: Job


class JobList(Answer):
    """Jobs of one kind, newest first."""

    total: int
    limit: int
    offset: int
    jobs: list[Job]


class JobPicture(BaseModel):
    """A job's result for one file: verdicts, or why there are none."""

    position: int = Field(description="of the file in the archive, from 0")
    file: str
    image: HistoryImage | None = None
    provenance: Statement | None = Field(
        None, description="what the file says of its origin; null: not read"
    )
    verdicts: list[HistoryVerdict] = []
    error: str | None = Field(None, description="short code for programs")
    message: str | None = Field(None, description="what is wrong with the file")


class JobResults(Answer):
    """Results so far, in the order of the archive."""

    job: Job
    limit: int
    offset: int
    results: list[JobPicture]


class JobEnded(Answer):
    """Outcome of DELETE: an active job is cancelled, an ended one is deleted."""

    outcome: Literal["cancelled", "deleted"]
