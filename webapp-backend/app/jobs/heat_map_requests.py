"""Heat map jobs as the API submits them: one picture each, done by the worker.

The API process has no TensorFlow. It hands the picture over and waits briefly for quick methods.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from app.core.errors import (
    ClientGoneError,
    ConflictError,
    InvalidError,
    NotFoundError,
    ServiceError,
    UnavailableError,
)
from app.inference.models import ServedModel
from app.schemas.explain import Explanation
from app.schemas.jobs import ExplainTask, Job, JobModel, JobParameters
from app.service import Service
from app.storage.database import StoreUnavailable
from detection_model import imaging
from detection_model.explain.explanation import Method
from detection_model.faces import Face, crop_box
from detection_model.imaging import Limits, Picture
from detection_model.inference.crops import MAX_FACES, ImageCrops

UPLOAD = ".picture"
# Seconds between two polls of a job: short at first, then longer.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5

IsGone = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class HeatMapRequest:
    """A heat map of one face of predict's list (default: the largest), or of the whole picture.

    `picture` and `faces` are known if a prediction has already decoded and searched the upload.
    """

    model: ServedModel
    method: Method = "gradcam"
    face: int | None = None
    whole: bool = False
    picture: Picture | None = None
    faces: Sequence[Face] | None = None


async def explain(
    service: Service, data: bytes, request: HeatMapRequest, *, wait: float, is_gone: IsGone
) -> Explanation:
    """A heat map within `wait` seconds, which is not stored.

    Raises:
        ImageError: the file is not an accepted picture.
        ClientGoneError: the client disconnected.
        UnavailableError: it takes longer, and is cancelled.
        ServiceError: as `submit` and `result`.
    """
    job = await wait_for(
        service, await submit(service, data, None, request, is_gone), wait, is_gone
    )
    if not job.ended:
        await to_thread.run_sync(delete, service, job.id)
        raise UnavailableError(
            "explanation_late", f"There was no heat map within {wait:g} seconds."
        )
    return Explanation.model_validate_json(await to_thread.run_sync(pop_result, service, job))


async def submit(
    service: Service, data: bytes, name: str | None, request: HeatMapRequest, is_gone: IsGone
) -> Job:
    """Submit a heat map to the worker.

    Raises:
        ImageError: the file is not an accepted picture.
        ClientGoneError: the client disconnected while the picture waited.
        InvalidError: the model is an ensemble, or the face does not exist.
        UnavailableError: too many wait, or the disk is full.
    """
    model = request.model
    if model.members:
        members = ", ".join(member.name for member in model.members)
        raise InvalidError(
            "ensemble_not_explained",
            f"{model.name} combines {members}; request a heat map of one of these.",
        )
    limits = service.settings.image_limits
    task = await service.predictor.look("explain", lambda: _task(data, request, limits), is_gone)
    threshold, source = service.threshold(model)
    parameters = JobParameters(
        models=[
            JobModel(
                name=model.name, sha256=model.sha256, threshold=threshold, threshold_source=source
            )
        ],
        whole=request.whole,
        explain=task,
    )
    return await to_thread.run_sync(_accept, service, data, name, parameters)


async def wait_for(service: Service, job: Job, seconds: float, is_gone: IsGone) -> Job:
    """The job once it has ended, or after `seconds`.

    Raises:
        ClientGoneError: the client disconnected; the job is cancelled.
        NotFoundError: the job was deleted.
    """
    give_up, pause = time.monotonic() + seconds, _FIRST_PAUSE
    while not job.ended and time.monotonic() < give_up:
        await asyncio.sleep(pause)
        pause = min(1.5 * pause, _LONGEST_PAUSE)
        if await is_gone():
            await to_thread.run_sync(delete, service, job.id)
            raise ClientGoneError
        job = await to_thread.run_sync(get_job, service, job.id)
    return job


def get_job(service: Service, job: str) -> Job:
    """The job of a heat map; blocks.

    Raises:
        NotFoundError: there is no such heat map.
        StoreUnavailable: the database fails.
    """
    stored = service.jobs.get(job)
    if stored is None or stored.kind != "explain":
        raise _unknown()
    return stored


def result(service: Service, job: Job) -> str:
    """The JSON of an ended heat map; blocks.

    Raises:
        ConflictError: it failed or was cancelled.
        NotFoundError: it was deleted.
        StoreUnavailable: the database fails.
    """
    if job.state == "cancelled":
        raise ConflictError("explanation_cancelled", "This heat map was cancelled.")
    if job.state == "failed":
        raise ConflictError("explanation_failed", job.message or "There is no heat map.")
    if (answer := service.jobs.answer(job.id)) is None:
        raise _unknown()
    return answer


def pop_result(service: Service, job: Job) -> str:
    """The JSON of an ended heat map, which is then deleted; blocks."""
    try:
        return result(service, job)
    finally:
        delete(service, job.id)


def delete(service: Service, job: str) -> None:
    """Cancel and delete a heat map with its picture; blocks."""
    service.jobs.cancel(job)
    upload(service, job).unlink(missing_ok=True)
    service.jobs.delete(job)


def upload(service: Service, job: str) -> Path:
    """Path of the picture until the job has ended."""
    return service.settings.jobs_dir / f"{job}{UPLOAD}"


def _unknown() -> ServiceError:
    return NotFoundError("unknown_job", "There is no such heat map; it may be deleted already.")


def _task(data: bytes, request: HeatMapRequest, limits: Limits) -> ExplainTask:
    margin = request.model.card.input.face_margin
    picture = request.picture or imaging.decode(data, limits)
    faces: Sequence[Face] = ()
    if margin is not None and not request.whole:
        faces = ImageCrops(picture.pixels).faces if request.faces is None else request.faces
    count = min(len(faces), MAX_FACES)
    if request.face is not None and request.face >= count:
        text = f"{count} faces are classified" if faces else "the whole picture is classified"
        raise InvalidError("unknown_face", f"There is no face {request.face}: {text} here.")
    if margin is None or not faces:
        return ExplainTask(method=request.method, face=None)
    face = request.face or 0
    box = crop_box(faces[face], margin, height=picture.height, width=picture.width)
    return ExplainTask(
        method=request.method,
        face=face,
        box=box,
        turns=faces[face].turns,
        face_count=len(faces),
    )


def _accept(service: Service, data: bytes, name: str | None, parameters: JobParameters) -> Job:
    settings = service.settings
    if service.jobs.active("explain") >= settings.max_jobs:
        raise UnavailableError("busy", "Too many heat maps wait. Try again in a moment.", 5)
    job = uuid.uuid4().hex
    picture = upload(service, job)
    try:
        try:
            picture.parent.mkdir(parents=True, exist_ok=True)
            picture.write_bytes(data)
        except OSError:
            message = "The picture cannot be stored: the disk is full. Try again later."
            raise UnavailableError("storage_full", message, 60) from None
        accepted = service.jobs.add(job, name, parameters, 1)
    except BaseException:
        with contextlib.suppress(OSError):
            picture.unlink()
        raise
    with contextlib.suppress(StoreUnavailable):  # the next heat map deletes them
        service.jobs.delete_oldest(settings.keep_explanations, "explain")
    return accepted
