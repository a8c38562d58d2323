"""Heat maps as the API asks for them: jobs of one picture, which the worker does.

The service has no TensorFlow, so it hands the picture over, and waits a little for quick methods.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from app.api.schemas.explain import Explanation
from app.api.schemas.jobs import ExplainTask, Job, JobModel, JobParameters
from app.errors import ApiError, ClientGoneError, unavailable
from app.service import Service
from app.serving.models import ServedModel
from detection_model import imaging
from detection_model.explain.explanation import Method
from detection_model.imaging import Limits
from detection_model.inference.crops import ImageCrops

UPLOAD = ".picture"
_LOOK_SECONDS = 0.05

IsGone = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class Asked:
    """What is to be explained: of `face`, one of those that predict lists, or of the largest."""

    model: ServedModel
    method: Method = "gradcam"
    face: int | None = None
    whole: bool = False


async def explain(
    service: Service, data: bytes, asked: Asked, *, wait: float, is_gone: IsGone
) -> Explanation:
    """A heat map within `wait` seconds; nothing of it is kept.

    Raises:
        ImageError: it is no picture that is accepted.
        ClientGoneError: nobody waits any more.
        ApiError: as `start` and `result`; 503 it takes longer, and is given up.
    """
    job = await ended(service, await start(service, data, None, asked, is_gone), wait, is_gone)
    if not job.ended:
        await to_thread.run_sync(forget, service, job.id)
        raise unavailable("explanation_late", f"There was no heat map within {wait:g} seconds.")
    return Explanation.model_validate_json(await to_thread.run_sync(taken, service, job))


async def start(
    service: Service, data: bytes, name: str | None, asked: Asked, is_gone: IsGone
) -> Job:
    """Hand a picture to the worker.

    Raises:
        ImageError: it is no picture that is accepted.
        ClientGoneError: the client went away while the picture waited.
        ApiError: 422 an ensemble, or a face that is not there; 503 too many wait, or the store
            or the disk does not take it.
    """
    model = asked.model
    if model.members:
        members = ", ".join(member.name for member in model.members)
        raise ApiError(
            422,
            "ensemble_not_explained",
            f"{model.name} weighs the answers of {members}; ask for a heat map of one of these.",
        )
    limits = service.settings.image_limits
    task = await service.predictor.look("explain", lambda: _task(data, asked, limits), is_gone)
    threshold, source = service.threshold(model)
    parameters = JobParameters(
        models=[
            JobModel(
                name=model.name, sha256=model.sha256, threshold=threshold, threshold_source=source
            )
        ],
        whole=asked.whole,
        explain=task,
    )
    return await to_thread.run_sync(_accept, service, data, name, parameters)


async def ended(service: Service, job: Job, wait: float, is_gone: IsGone) -> Job:
    """The job as soon as it has ended, or as it stands after `wait` seconds.

    Raises:
        ClientGoneError: nobody waits any more; the job is cancelled.
        ApiError: 404 it was deleted.
    """
    give_up = time.monotonic() + wait
    while not job.ended and time.monotonic() < give_up:
        await asyncio.sleep(_LOOK_SECONDS)
        if await is_gone():
            await to_thread.run_sync(forget, service, job.id)
            raise ClientGoneError
        job = await to_thread.run_sync(found, service, job.id)
    return job


def found(service: Service, job: str) -> Job:
    """The job of a heat map; blocks.

    Raises:
        ApiError: 404 there is none.
        StoreUnavailable: it cannot be asked now.
    """
    known = service.jobs.get(job)
    if known is None or known.kind != "explain":
        raise _unknown()
    return known


def result(service: Service, job: Job) -> str:
    """The JSON of a heat map that has ended; blocks.

    Raises:
        ApiError: 409 it failed or was cancelled, 404 it is gone.
        StoreUnavailable: it cannot be asked now.
    """
    if job.state == "cancelled":
        raise ApiError(409, "explanation_cancelled", "This heat map was cancelled.")
    if job.state == "failed":
        raise ApiError(409, "explanation_failed", job.message or "There is no heat map.")
    if (answer := service.jobs.answer(job.id)) is None:
        raise _unknown()
    return answer


def taken(service: Service, job: Job) -> str:
    """`result`, of which nothing is kept."""
    try:
        return result(service, job)
    finally:
        forget(service, job.id)


def forget(service: Service, job: str) -> None:
    """End a heat map if it has not ended, and keep nothing of it; blocks."""
    service.jobs.cancel(job)
    upload(service, job).unlink(missing_ok=True)
    service.jobs.delete(job)


def upload(service: Service, job: str) -> Path:
    """Where the picture lies until the job has ended."""
    return service.settings.jobs_dir / f"{job}{UPLOAD}"


def _unknown() -> ApiError:
    return ApiError(404, "unknown_job", "There is no such heat map; it may be deleted already.")


def _task(data: bytes, asked: Asked, limits: Limits) -> ExplainTask:
    pixels = imaging.decode(data, limits).pixels
    for_faces = asked.model.card.input.face_margin is not None and not asked.whole
    there = len(ImageCrops(pixels).face_crops) if for_faces else 0
    if asked.face is not None and asked.face >= there:
        how = f"{there} faces are judged" if for_faces else "the whole picture is judged"
        raise ApiError(422, "unknown_face", f"There is no face {asked.face}: {how} here.")
    return ExplainTask(method=asked.method, face=(asked.face or 0) if there else None)


def _accept(service: Service, data: bytes, name: str | None, parameters: JobParameters) -> Job:
    settings = service.settings
    if service.jobs.active("explain") >= settings.max_jobs:
        raise unavailable("busy", "Too many heat maps wait. Try again in a moment.", 5)
    job = uuid.uuid4().hex
    picture = upload(service, job)
    try:
        try:
            picture.parent.mkdir(parents=True, exist_ok=True)
            picture.write_bytes(data)
        except OSError:
            message = "The picture cannot be handed over: there is no room. Try again later."
            raise unavailable("storage_full", message, 60) from None
        accepted = service.jobs.add(job, name, parameters, 1)
        service.jobs.delete_oldest(settings.keep_explanations, "explain")
    except BaseException:
        with contextlib.suppress(OSError):
            picture.unlink()
        raise
    return accepted
