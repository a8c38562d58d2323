"""What an uploaded file says about its origin, for the provenance route and for reports."""

import logging
from pathlib import Path

from app.core.settings import Settings
from app.inference.predictions import image_info
from app.schemas.provenance import ProvenanceAnswer
from detection_model.imaging import Picture
from detection_model.provenance.read import read_provenance
from detection_model.provenance.record import Provenance

log = logging.getLogger(__name__)

_NO_LIST = "The service's list of trusted signers cannot be read, so no signer is trusted."


def provenance_of(
    data: bytes, picture: Picture, settings: Settings, *, personal: bool = False
) -> ProvenanceAnswer:
    """Read what an uploaded file says about its origin; blocks.

    Args:
        data: the file.
        picture: the decoded file.
        settings: name the list of trusted signers.
        personal: include places, names, serial numbers and comments.
    """
    anchors, problems = _anchors(settings.trust_anchors)
    try:
        provenance = read_provenance(data, personal=personal, anchors=anchors)
    except ValueError as error:
        if anchors is None:  # not the list's fault
            raise
        log.error("TRUST_ANCHORS: %s", error)
        anchors, problems = None, [_NO_LIST]
        provenance = read_provenance(data, personal=personal)
    provenance = provenance.model_copy(update={"problems": [*provenance.problems, *problems]})
    return ProvenanceAnswer(
        **{name: getattr(provenance, name) for name in Provenance.model_fields},
        image=image_info(picture),
        trust_list=anchors is not None,
    )


def _anchors(path: Path | None) -> tuple[str | None, list[str]]:
    """The trusted certificates and problems; read each time, so that the list may change."""
    if path is None:
        return None, []
    try:
        return path.read_text(encoding="utf-8"), []
    except (OSError, UnicodeDecodeError) as error:
        log.error("TRUST_ANCHORS: %s", getattr(error, "strerror", None) or "not a text file")
        return None, [_NO_LIST]
