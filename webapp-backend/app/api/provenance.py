"""/api/provenance: what a file says of itself, apart from any model."""

import logging
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.answers import image_info
from app.api.deps import ServiceDep, Upload, refusals, upload_body
from app.api.schemas.provenance import ProvenanceAnswer
from app.settings import Settings
from detection_model import imaging
from detection_model.provenance.read import read_provenance
from detection_model.provenance.record import Provenance

log = logging.getLogger(__name__)

router = APIRouter(prefix="/api", tags=["provenance"])

_NO_LIST = "The service's list of trusted signers cannot be read, so no signer is trusted."


@router.post(
    "/provenance",
    operation_id="read_provenance",
    response_model=ProvenanceAnswer,
    responses=refusals(400, 408, 413, 415, 422, 503),
    openapi_extra=upload_body("image", "picture"),
)
async def provenance(
    request: Request,
    service: ServiceDep,
    upload: Upload,
    personal: Annotated[
        bool, Query(description="show places, names, serial numbers and comments as well")
    ] = False,
) -> Response:
    """Read metadata and content credentials, and whether the file calls itself generated.

    A file that says nothing proves nothing, and what is not signed anyone can write.
    """
    data, settings = await upload.read(), service.settings
    answer = await service.predictor.look(
        "provenance",
        lambda: provenance_of(data, settings, personal=personal),
        request.is_disconnected,
    )
    return Response(answer.model_dump_json(), media_type="application/json")


def provenance_of(data: bytes, settings: Settings, *, personal: bool = False) -> ProvenanceAnswer:
    """What an uploaded file says of itself; blocks.

    Raises:
        ImageError: it is no picture that is accepted.
    """
    picture = imaging.decode(data, settings.image_limits)
    anchors, problems = _anchors(settings.trust_anchors)
    try:
        found = read_provenance(data, personal=personal, anchors=anchors)
    except ValueError:
        log.error("TRUST_ANCHORS: no certificates in PEM")
        anchors, problems = None, [_NO_LIST]
        found = read_provenance(data, personal=personal)
    said = found.model_copy(update={"problems": [*found.problems, *problems]})
    return ProvenanceAnswer(
        **{name: getattr(said, name) for name in Provenance.model_fields},
        image=image_info(picture),
        trust_list=anchors is not None,
    )


def _anchors(path: Path | None) -> tuple[str | None, list[str]]:
    """The trusted certificates, read anew so that a list may be changed, and what is wrong."""
    if path is None:
        return None, []
    try:
        return path.read_text(encoding="utf-8"), []
    except (OSError, UnicodeDecodeError) as error:
        log.error("TRUST_ANCHORS: %s", getattr(error, "strerror", None) or "no text")
        return None, [_NO_LIST]
