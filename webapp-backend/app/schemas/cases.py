"""Reports of wrong verdicts."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.schemas.base import Answer
from app.schemas.predict import Prediction
from detection_model.evaluation.cases import MAX_NOTE_LENGTH, ClaimedLabel


class CaseClaim(BaseModel):
    """The text fields of the form."""

    really: ClaimedLabel = Field(description="what the picture is; unsure: something else is wrong")
    note: str = Field("", max_length=MAX_NOTE_LENGTH, description="why; read by the operator")
    keep_picture: bool = Field(
        False,
        description="consent: the file as it is, with its metadata, is kept on the server until "
        "its operator deletes it, to test later models with it",
    )


class CaseKept(BaseModel):
    """Stored case of a picture."""

    sha256: str = Field(description="of the picture; the name of its case")
    created: datetime = Field(description="of the newest claim, which is the one that counts")
    really: ClaimedLabel
    picture_kept: bool
    claims: int = Field(description="about this picture, older ones included")


class CaseAnswer(Answer):
    """The stored case and the current verdicts."""

    case: CaseKept
    results: list[Prediction]
    message: str
