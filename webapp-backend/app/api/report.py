"""POST /api/report: verdicts and evidence as one file to save, print or send."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.deps import ServiceDep, Upload, refusals, upload_body
from app.api.inference import Selected, predict_upload
from app.reports.page import POLICY, page
from app.reports.report import ReportOptions, report
from app.schemas.report import Report

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
    selection: Selected,
    as_: Annotated[
        Literal["json", "html"],
        Query(alias="format", description="html: one page without scripts, for two sheets of A4"),
    ] = "json",
    heatmap: Annotated[
        Literal["gradcam", "none"], Query(description="of the model whose verdict leads")
    ] = "gradcam",
    personal: Annotated[
        bool, Query(description="include places, names, serial numbers and comments")
    ] = False,
) -> Response:
    """Classify a portrait and report what is needed to weigh the verdict. Nothing is stored.

    The report says what could not be made in time, such as a heat map while the worker is down.
    """
    results, answer = await predict_upload(request, service, upload, selection, "auto")
    options = ReportOptions(
        name=upload.name,
        several=selection.models is not None,
        heatmap=heatmap == "gradcam",
        personal=personal,
    )
    document = await report(service, results, answer, options, request.is_disconnected)
    name = f"report-{document.file.sha256[:12]}.{as_}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if as_ == "html":
        return Response(page(document), headers=headers, media_type="text/html")
    return Response(document.model_dump_json(), headers=headers, media_type="application/json")
