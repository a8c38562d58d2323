"""Jobs."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.base import Answer, ThresholdSource
from app.schemas.history import HistoryImage, HistoryVerdict
from detection_model.card import ClassName
from detection_model.explain.explanation import Method
from detection_model.faces import Box
from detection_model.inference.uncertainty import ConsistencyMode
from detection_model.provenance.record import Statement

JobKind = Literal["score", "explain"]
JobState = Literal["waiting", "running", "finished", "failed", "cancelled"]
Outcome = Literal["right", "wrong", "undecided"]


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


class SkippedFiles(BaseModel):
    """System files of one name."""

    name: str = Field(
        description="a name such as Thumbs.db; `._*`: AppleDouble files; `.*`: other hidden files",
        examples=["__MACOSX"],
    )
    count: int


class LabelledCounts(BaseModel):
    """A model's verdicts so far on the files of folders that name a class, such as `Real/`."""

    model: str
    label: ClassName = Field(description="the class that the folders name")
    right: int = 0
    wrong: int = 0
    undecided: int = Field(0, description="verdicts uncertain and out_of_scope")
    failed: int = Field(0, description="files without a verdict")


class ArchiveSummary(BaseModel):
    """Counts of an archive's files."""

    skipped: list[SkippedFiles] = Field([], description="system files, which are not judged")
    copies: int = Field(0, description="files so far that equal an earlier one byte for byte")
    labelled: list[LabelledCounts] = Field(
        [], description="by model and class; empty if no folder names a class"
    )

    def add(self, picture: "JobPicture") -> None:
        """Count one more result."""
        self.copies += picture.copy_of is not None
        for counts in self.labelled:
            if counts.label == picture.label:
                outcome = picture.outcome(counts.model) or "failed"
                setattr(counts, outcome, getattr(counts, outcome) + 1)


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
    archive: ArchiveSummary | None = Field(
        None, description="null: a heat map, or a job of an older version"
    )

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
    label: ClassName | None = Field(
        None, description="the class that the file's folders name; null: none, or both"
    )
    copy_of: int | None = Field(
        None, description="position of the first file that equals this one byte for byte"
    )

    def outcome(self, model: str) -> Outcome | None:
        """A model's verdict compared with the label; None without a label or a verdict."""
        verdict = next((each.verdict for each in self.verdicts if each.model == model), None)
        if self.label is None or verdict is None:
            return None
        if verdict not in ("real", "fake"):
            return "undecided"
        return "right" if verdict == self.label.lower() else "wrong"


class JobResults(Answer):
    """Results so far, in the order of the archive."""

    job: Job
    limit: int
    offset: int
    results: list[JobPicture]


class JobEnded(Answer):
    """Outcome of DELETE: an active job is cancelled, an ended one is deleted."""

    outcome: Literal["cancelled", "deleted"]
