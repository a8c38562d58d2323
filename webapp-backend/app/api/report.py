"""POST /api/report: all that is known of a picture, as one file to save, print or send on."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.deps import ServiceDep, Upload, refusals, upload_body
from app.api.judged import Chosen, judged
from app.api.schemas.report import Report
from app.reporting.page import POLICY, page
from app.reporting.report import Wanted, report

router = APIRouter(prefix="/api", tags=["report"])


@router.post(
    "/report",
    operation_id="make_report",
    response_model=Report,
    responses={
        200: {"content": {"text/html": {"schema": {"type": "string"}}}},
        **refusals(400, 404, 408, 409, 413, 415, 422, 503),
    },
    openapi_extra=upload_body("image", "picture"),
)
async def make_report(
    request: Request,
    service: ServiceDep,
    upload: Upload,
    choice: Chosen,
    as_: Annotated[
        Literal["json", "html"],
        Query(alias="format", description="html: one page without scripts, for two sheets of A4"),
    ] = "json",
    heatmap: Annotated[
        Literal["gradcam", "none"], Query(description="of the model whose verdict leads")
    ] = "gradcam",
    personal: Annotated[
        bool, Query(description="show places, names, serial numbers and comments as well")
    ] = False,
) -> Response:
    """Judge a portrait and tell all that is needed to weigh the verdict. Nothing is kept.

    What cannot be had in time, such as a heat map while the worker is down, is said in the report.
    """
    found = await judged(request, service, upload, choice, "auto")
    wanted = Wanted(
        name=upload.name,
        several=choice.models is not None,
        heatmap=heatmap == "gradcam",
        personal=personal,
    )
    made = await report(service, found, wanted, request.is_disconnected)
    name = f"report-{made.file.sha256[:12]}.{as_}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if as_ == "html":
        return Response(page(made), headers=headers, media_type="text/html")
    return Response(made.model_dump_json(), headers=headers, media_type="application/json")
