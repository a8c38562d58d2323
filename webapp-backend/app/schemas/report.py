"""Reports to hand on."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.base import Answer, ThresholdSource
from app.schemas.predict import Agreement, FailedModel, ImageInfo, Prediction
from detection_model.card import Assumption, ClassName
from detection_model.explain.explanation import Method
from detection_model.forensics.common import ViewId
from detection_model.provenance.record import Provenance


class ReportFile(ImageInfo):
    """The file that was sent."""

    name: str | None = Field(description="as the sender named it")
    thumbnail: str = Field(description="data URI of a small re-encoded JPEG without metadata")


class ReportModel(BaseModel):
    """Facts of a model that help to weigh its verdict."""

    name: str
    sha256: str
    architecture: str | None
    summary: str
    intended_use: str
    trained_on: str | None
    threshold: float
    threshold_source: ThresholdSource
    threshold_chosen: str = Field(description="how and on which data the card's was chosen")
    calibration: Literal["none", "temperature", "isotonic"] = Field(
        description="of the probability; none: as the model gives it"
    )
    coverage: float | None = Field(
        description="of the conformal sets of classes; null: the card does not say"
    )
    known_failures: tuple[str, ...]
    assumptions: list[str] = Field(description="what had to be assumed as there is no card")
    assumed: list[Assumption] = Field([], description="`assumptions` by code and in words")


class ReportHeatMap(BaseModel):
    """Heat map of the leading model's verdict."""

    model: str
    method: Method
    face: int | None = Field(description="by size, from 0; null: the whole picture")
    towards: ClassName = Field(description="the class that the shown evidence supports")
    overlaid: str = Field(description="data URI of a JPEG: the judged part under its heat map")
    legend: list[str] = Field(description="evenly spaced colours from nothing to most")


class ReportForensics(BaseModel):
    """One forensic view in words."""

    view: ViewId
    title: str
    finding: str
    limits: str = Field(description="what it does not prove")


class Report(Answer):
    """Verdicts and evidence about a picture. A hint with its limits, never a proof."""

    schema_version: Literal[1] = 1
    created: datetime
    file: ReportFile
    leading: str = Field(description="the leading model: the active one if it was requested")
    results: list[Prediction]
    failed: list[FailedModel]
    agreement: Agreement | None = Field(description="null for a single model")
    models: list[ReportModel] = Field(description="in the order of `results`")
    heatmap: ReportHeatMap | None
    heatmap_missing: str | None = Field(description="why there is no heat map")
    provenance: Provenance
    forensics: list[ReportForensics]
    limits: list[str] = Field(description="what the report does not say")
    software: dict[str, str] = Field(description="versions, and the commit where it is known")
