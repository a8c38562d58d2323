"""/api/forensics: forensic views of a picture. None is a verdict."""

import base64
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.deps import ServiceDep, Upload, refusals, upload_body
from app.inference.predictions import image_info
from app.schemas.forensics import ForensicView, ViewImage, ViewList, ViewText
from detection_model import imaging
from detection_model.explain.attribution import png
from detection_model.forensics import view as look
from detection_model.forensics.common import TEXTS, ViewId
from detection_model.forensics.spectrum import ClassSpectra, read_averages
from detection_model.imaging import Limits

router = APIRouter(prefix="/api", tags=["forensics"])

published_averages = cache(read_averages)


@router.get("/forensics", operation_id="list_forensic_views")
async def list_forensic_views() -> ViewList:
    """All views: what each shows and what it does not prove."""
    return ViewList(views=[ViewText(id=name, **text._asdict()) for name, text in TEXTS.items()])


@router.post(
    "/forensics",
    operation_id="view_forensically",
    response_model=ForensicView,
    responses=refusals(400, 408, 413, 415, 422, 503),
    openapi_extra=upload_body("image", "picture"),
)
async def view_forensically(
    request: Request,
    service: ServiceDep,
    upload: Upload,
    view: Annotated[ViewId, Query(description="one in each request: some take a second")],
) -> Response:
    """Compute one forensic view of a picture, with its numbers and limits."""
    data, limits = await upload.read(), service.settings.image_limits
    answer = await service.predictor.look(
        view, lambda: _view_json(data, view, limits, published_averages()), request.is_disconnected
    )
    return Response(answer, media_type="application/json")


def _view_json(data: bytes, name: ViewId, limits: Limits, averages: ClassSpectra | None) -> str:
    picture = imaging.decode(data, limits)
    result = look(name, data, picture.pixels, averages)
    return ForensicView(
        view=name,
        **TEXTS[name]._asdict(),
        image=image_info(picture),
        images=[
            ViewImage(
                name=part,
                width=pixels.shape[1],
                height=pixels.shape[0],
                media_type="image/png",
                data=base64.b64encode(png(pixels)).decode(),
            )
            for part, pixels in result.images.items()
        ],
        numbers=result.numbers,
    ).model_dump_json()
