"""Forensic views."""

from pydantic import BaseModel, Field

from app.schemas.base import Answer
from app.schemas.predict import ImageInfo
from detection_model.forensics.common import ViewId
from detection_model.forensics.jpeg import DoubleCompression, Jpeg
from detection_model.forensics.pixels import Colours as ColourCounts
from detection_model.forensics.pixels import ErrorLevels, Noise
from detection_model.forensics.spectrum import Spectrum

Numbers = ErrorLevels | Noise | Spectrum | Jpeg | DoubleCompression | ColourCounts


class ViewText(BaseModel):
    """A view: what it shows and what it does not prove, in one sentence each.

    English; the keys for a translation are forensics.<id>.title, .shows and .limits.
    """

    id: ViewId
    title: str
    shows: str
    limits: str


class ViewList(Answer):
    """All views."""

    views: list[ViewText]


class ViewImage(BaseModel):
    """One upright image of a view."""

    name: str = Field(description="residual, own, Fake …; what its levels mean is in `numbers`")
    width: int
    height: int
    media_type: str
    data: str = Field(description="base64 of the file")


class ForensicView(Answer):
    """One forensic view of a picture. None is a verdict."""

    view: ViewId
    title: str
    shows: str
    limits: str
    image: ImageInfo
    images: list[ViewImage] = Field(description="empty where the file's format has none")
    numbers: Numbers
