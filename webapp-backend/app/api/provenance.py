"""/api/provenance: what a file says about its origin, apart from any model."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.deps import ServiceDep, Upload, refusals, upload_body
from app.inference.predictions import image_info
from app.inference.provenance import provenance_of
from app.schemas.provenance import ProvenanceAnswer
from detection_model import imaging
from detection_model.provenance.record import Provenance

router = APIRouter(prefix="/api", tags=["provenance"])


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
        bool, Query(description="include places, names, serial numbers and comments")
    ] = False,
) -> Response:
    """Read metadata and content credentials, and whether the file says that it was generated.

    A file without a statement proves nothing, and anyone can write unsigned metadata.
    """
    data, settings = await upload.read(), service.settings

    def read() -> ProvenanceAnswer:
        picture = imaging.decode(data, settings.image_limits)
        record, trust_list = provenance_of(data, settings.trust_anchors, personal=personal)
        fields = {name: getattr(record, name) for name in Provenance.model_fields}
        return ProvenanceAnswer(**fields, image=image_info(picture), trust_list=trust_list)

    answer = await service.predictor.look("provenance", read, request.is_disconnected)
    return Response(answer.model_dump_json(), media_type="application/json")
