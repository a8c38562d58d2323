"""Provenance of a file."""

from pydantic import Field

from app.schemas.base import Answer
from app.schemas.predict import ImageInfo
from detection_model.provenance.record import Provenance


class ProvenanceAnswer(Answer, Provenance):
    """Metadata and content credentials of an upload, without a prediction."""

    image: ImageInfo
    trust_list: bool = Field(
        description="whether the service knows signers to trust; without, none is `trusted`"
    )
