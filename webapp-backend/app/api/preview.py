"""/api/preview: an uploaded picture as a JPEG that every browser can display."""

import io

from fastapi import APIRouter, Request
from PIL import Image
from starlette.responses import Response

from app.api.deps import ServiceDep, Upload, refusals, upload_body
from detection_model import imaging

router = APIRouter(prefix="/api", tags=["predict"])

# Enough for a large screen's half; forensic views are computed at the picture's own size.
_SIDE = 1024


@router.post(
    "/preview",
    operation_id="preview",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}},
        **refusals(400, 408, 413, 415, 422, 503),
    },
    openapi_extra=upload_body("image", "picture"),
)
async def preview(request: Request, service: ServiceDep, upload: Upload) -> Response:
    """The picture as the models see it, upright and in sRGB, at most 1,024 pixels a side.

    For pages in browsers that cannot display its format, such as HEIC and TIFF. It is not stored.
    """
    data, limits = await upload.read(), service.settings.image_limits

    def jpeg() -> bytes:
        image = Image.fromarray(imaging.decode(data, limits).pixels)
        image.thumbnail((_SIDE, _SIDE))
        file = io.BytesIO()
        image.save(file, "JPEG", quality=90)
        return file.getvalue()

    content = await service.predictor.look("preview", jpeg, request.is_disconnected)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type="image/jpeg", headers=headers)
