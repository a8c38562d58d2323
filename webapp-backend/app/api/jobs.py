"""/api/jobs: long work of the worker: verdicts on a ZIP of pictures, and slow heat maps."""

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncIterator
from itertools import chain
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api.deps import ServiceDep, Uploaded, chosen_models, refusals, upload_body, uploaded
from app.api.inference import Threshold, Whole
from app.core.errors import ConflictError, NotFoundError, UnavailableError
from app.jobs.archive import opened, summary_of
from app.jobs.csv_table import csv_lines
from app.schemas.jobs import (
    Job,
    JobAnswer,
    JobEnded,
    JobKind,
    JobList,
    JobModel,
    JobParameters,
    JobResults,
)
from app.service import Service
from app.storage.database import StoreUnavailable
from detection_model.inference.uncertainty import ConsistencyMode

router = APIRouter(prefix="/api", tags=["jobs"])

_POLL_SECONDS = 0.5

JobId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="as POST /api/jobs gave it")]
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=2**31 - 1)]


def _job(service: ServiceDep, job: JobId) -> Job:
    if (stored := service.jobs.get(job)) is None:
        raise NotFoundError("unknown_job", "There is no such job; it may be deleted already.")
    return stored


JobDep = Annotated[Job, Depends(_job)]


async def _archive(request: Request, service: ServiceDep) -> AsyncIterator[Uploaded]:
    if service.archives.locked():
        raise UnavailableError("busy", "Other archives are arriving. Try again in a moment.", 5)
    settings = service.settings
    async with (
        service.archives,
        uploaded(
            request,
            field="archive",
            what="archive",
            most=settings.max_archive_bytes,
            seconds=settings.archive_seconds,
        ) as upload,
    ):
        yield upload


@router.post(
    "/jobs",
    operation_id="start_job",
    status_code=202,
    responses=refusals(400, 404, 408, 409, 413, 415, 422, 503),
    openapi_extra=upload_body("archive", "ZIP archive of pictures"),
)
async def start_job(
    response: Response,
    service: ServiceDep,
    archive: Annotated[Uploaded, Depends(_archive)],
    model: Annotated[str | None, Query(description="default: the active one")] = None,
    models: Annotated[str | None, Query(description="all, or names separated by commas")] = None,
    threshold: Threshold = None,
    calibrate: Annotated[bool, Query(description="use the models' calibrators")] = True,
    whole: Whole = False,
    stability: Annotated[
        ConsistencyMode, Query(description="as of predict; takes five times as long")
    ] = "never",
) -> JobAnswer:
    """Classify every picture of a ZIP archive. Answers at once with the job to follow."""
    served_models, _ = chosen_models(service, model, models)
    job_models = []
    for served in served_models:
        value, source = service.threshold(served, threshold)
        job_models.append(
            JobModel(
                name=served.name, sha256=served.sha256, threshold=value, threshold_source=source
            )
        )
    parameters = JobParameters(
        models=job_models, calibrate=calibrate, whole=whole, stability=stability
    )
    job = await to_thread.run_sync(_accept, service, archive, parameters)
    response.headers["Location"] = f"/api/jobs/{job.id}"
    return JobAnswer(job=job)


def _accept(service: Service, archive: Uploaded, parameters: JobParameters) -> Job:
    settings = service.settings
    if service.jobs.active() >= settings.max_jobs:
        raise UnavailableError("busy", "Too many jobs wait. Try again later.", 30)
    name = uuid.uuid4().hex
    partial, complete = (settings.jobs_dir / f"{name}{suffix}" for suffix in (".part", ".zip"))
    try:
        try:
            settings.jobs_dir.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                archive.copy_to(file)
            with opened(partial, settings.archive_limits) as pictures:
                total, summary = len(pictures), summary_of(pictures, parameters.models)
            os.replace(partial, complete)  # noqa: PTH105  as elsewhere
        except OSError:
            message = "The archive cannot be stored now: the disk is full. Try again later."
            raise UnavailableError("storage_full", message, 60) from None
        job = service.jobs.add(name, archive.name, parameters, total, summary)
    except BaseException:
        partial.unlink(missing_ok=True)
        complete.unlink(missing_ok=True)
        raise
    with contextlib.suppress(StoreUnavailable):  # the next job deletes them
        service.jobs.delete_oldest(settings.keep_jobs)
    return job


@router.get("/jobs", operation_id="list_jobs", responses=refusals(422, 503))
def list_jobs(
    service: ServiceDep,
    limit: Limit = 50,
    offset: Offset = 0,
    kind: Annotated[JobKind, Query(description="score: verdicts on ZIPs")] = "score",
) -> JobList:
    """All jobs of a kind, newest first."""
    total, jobs = service.jobs.page(limit, offset, kind)
    return JobList(total=total, limit=limit, offset=offset, jobs=jobs)


@router.get("/jobs/{job}", operation_id="get_job", responses=refusals(404, 422, 503))
def get_job(job: JobDep) -> JobAnswer:
    """Progress of a job."""
    return JobAnswer(job=job)


@router.get(
    "/jobs/{job}/events",
    operation_id="watch_job",
    response_class=EventSourceResponse,
    responses=refusals(404, 422, 503),
)
async def watch_job(
    request: Request, service: ServiceDep, job: JobDep
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: `progress` with the job at each change, `end` with it at the end.

    Browsers reconnect by themselves if the stream ends without `end`.
    """
    latest: Job | None = None
    while not request.app.state.stopping():
        if job.ended:
            yield ServerSentEvent(event="end", data=job)
            return
        if job != latest:
            yield ServerSentEvent(event="progress", data=job)
            latest = job
        await asyncio.sleep(_POLL_SECONDS)
        try:
            current = await to_thread.run_sync(service.jobs.get, job.id)
        except StoreUnavailable:
            continue  # retried; the stream stays open
        if current is None:  # deleted meanwhile
            return
        job = current


@router.get(
    "/jobs/{job}/results",
    operation_id="get_job_results",
    response_model=JobResults,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
        **refusals(404, 409, 422, 503),
    },
)
def get_job_results(
    service: ServiceDep,
    job: JobDep,
    as_: Annotated[
        Literal["json", "csv"], Query(alias="format", description="csv: all results at once")
    ] = "json",
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response | JobResults:
    """Results so far, in the archive's order."""
    if job.kind != "score":
        message = f"This job makes a heat map: see /api/explanations/{job.id}."
        raise ConflictError("no_archive", message)
    if as_ == "csv":
        lines = csv_lines(service.jobs.all_results(job.id))
        header = next(lines)  # before the status is sent: a failing store is a 503
        return StreamingResponse(
            chain([header], lines),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="verdicts-{job.id[:8]}.csv"'},
        )
    results = service.jobs.results(job.id, limit, offset)
    return JobResults(job=job, limit=limit, offset=offset, results=results)


@router.post("/jobs/{job}/cancel", operation_id="cancel_job", responses=refusals(404, 422, 503))
def cancel_job(service: ServiceDep, job: JobDep) -> JobAnswer:
    """Cancel a job that waits or runs and keep its results so far; an ended job is unchanged."""
    _cancel(service, job)
    return JobAnswer(job=_job(service, job.id))


@router.delete("/jobs/{job}", operation_id="end_job", responses=refusals(404, 422, 503))
def end_job(service: ServiceDep, job: JobDep) -> JobEnded:
    """Cancel a job that waits or runs and keep its results so far; delete an ended job."""
    if _cancel(service, job):
        return JobEnded(outcome="cancelled")
    service.jobs.delete(job.id)
    _remove_upload(service, job)
    return JobEnded(outcome="deleted")


def _cancel(service: Service, job: Job) -> bool:
    was_active = service.jobs.cancel(job.id)
    if was_active:
        _remove_upload(service, job)
    return was_active


def _remove_upload(service: Service, job: Job) -> None:
    for upload in service.settings.jobs_dir.glob(f"{job.id}.*"):
        upload.unlink(missing_ok=True)
