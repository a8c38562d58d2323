"""/api/explain and /api/explanations: heat maps."""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.deps import ServiceDep, Upload, refusals, upload_body
from app.api.inference import Whole
from app.api.jobs import JobId
from app.jobs import heat_map_requests
from app.jobs.heat_map_requests import HeatMapRequest
from app.schemas.explain import Explanation
from app.schemas.jobs import Job, JobAnswer
from detection_model.explain.explanation import SLOW, Method

router = APIRouter(prefix="/api", tags=["explain"])

_LATER: dict[int | str, dict[str, Any]] = {
    202: {"model": JobAnswer, "description": "it takes longer: get it by its job"}
}


@router.post(
    "/explain",
    operation_id="explain",
    response_model=Explanation,
    responses={**_LATER, **refusals(400, 404, 408, 409, 413, 415, 422, 503)},
    openapi_extra=upload_body("image", "picture"),
)
async def explain(
    request: Request,
    service: ServiceDep,
    upload: Upload,
    model: Annotated[str | None, Query(description="default: the active one")] = None,
    method: Annotated[
        Method, Query(description="gradcam is quick; the others answer 202 with a job")
    ] = "gradcam",
    face: Annotated[
        int | None, Query(ge=0, le=1000, description="of predict's faces; default: the largest")
    ] = None,
    whole: Whole = False,
) -> Response:
    """Show which parts of a picture speak for Fake and for Real to a model.

    The picture is deleted when the heat map is done. A heat map answered at once is not stored.
    """
    heat_map = HeatMapRequest(service.model(model), method, face, whole)
    is_gone = request.is_disconnected
    job = await heat_map_requests.submit(
        service, await upload.read(), upload.name, heat_map, is_gone
    )
    wait = 0.0 if method in SLOW else service.settings.explain_wait
    job = await heat_map_requests.wait_for(service, job, wait, is_gone)
    if not job.ended:
        return _later(job)
    return _json(await to_thread.run_sync(heat_map_requests.pop_result, service, job))


@router.get(
    "/explanations/{job}",
    operation_id="get_explanation",
    response_model=Explanation,
    responses={**_LATER, **refusals(404, 409, 422, 503)},
)
def get_explanation(service: ServiceDep, job: JobId) -> Response:
    """A heat map that took longer: 202 until it is done."""
    current = heat_map_requests.get_job(service, job)
    if not current.ended:
        return _later(current)
    return _json(heat_map_requests.result(service, current))


def _later(job: Job) -> Response:
    where = {"Location": f"/api/explanations/{job.id}"}
    return Response(JobAnswer(job=job).model_dump_json(), 202, where, "application/json")


def _json(answer: str) -> Response:
    return Response(answer, media_type="application/json")
