"""POST /api/predict."""

import time
from typing import Annotated

from fastapi import APIRouter, Query

from app.api.deps import UPLOAD_BODY, ServiceDep, Upload, refusals
from app.api.schemas import (
    Agreement,
    Comparison,
    FailedModel,
    ImageInfo,
    Prediction,
    Probability,
    Timing,
)
from app.errors import ApiError
from app.service import Service
from app.serving.predictor import Decoded, Judged
from app.serving.registry import ServedModel
from detection_model import verdict
from detection_model.card import ClassName

router = APIRouter(tags=["predict"])

Threshold = Annotated[float | None, Query(ge=0, le=1, allow_inf_nan=False)]


@router.post(
    "/predict",
    operation_id="predict",
    responses=refusals(400, 404, 409, 413, 415, 422, 503),
    openapi_extra=UPLOAD_BODY,
)
async def predict(
    service: ServiceDep,
    upload: Upload,
    model: Annotated[str | None, Query(description="default: the active one")] = None,
    models: Annotated[
        str | None, Query(description="all, or names separated by commas: compare")
    ] = None,
    threshold: Threshold = None,
    calibrate: Annotated[bool, Query(description="use the models' calibrators")] = True,
) -> Prediction | Comparison:
    """Judge one portrait with one model, or with several to compare them."""
    if models is not None and model is not None:
        raise ApiError(422, "invalid_parameter", "Give model or models, not both.")
    if models is None:
        start = time.perf_counter()
        chosen = service.model(model)
        decoded = await service.predictor.decode(upload)
        return await _one(service, decoded, chosen, threshold, calibrate, start)
    names = _names(service, models)
    decoded = await service.predictor.decode(upload)
    return await _compare(service, decoded, names, threshold, calibrate)


def _names(service: Service, models: str) -> list[str]:
    if models == "all":
        names = [name for name, slot in service.registry.slots.items() if slot.state != "broken"]
        if not names:
            service.model(None)
        return names
    names = list(dict.fromkeys(name.strip() for name in models.split(",") if name.strip()))
    if not names:
        raise ApiError(422, "invalid_parameter", "models: say all, or names with commas.")
    for name in names:
        service.slot(name)
    return names


async def _compare(
    service: Service,
    decoded: Decoded,
    names: list[str],
    threshold: float | None,
    calibrate: bool,
) -> Comparison:
    results: list[Prediction] = []
    failed: list[FailedModel] = []
    for name in names:
        start = time.perf_counter()
        try:
            model = service.model(name)
        except ApiError as error:
            failed.append(FailedModel(model=name, error=error.code, message=error.message))
            continue
        results.append(await _one(service, decoded, model, threshold, calibrate, start))
    if not results:
        service.model(names[0])  # says why
    return Comparison(results=results, failed=failed, agreement=agree(results))


async def _one(
    service: Service,
    decoded: Decoded,
    model: ServedModel,
    threshold: float | None,
    calibrate: bool,
    start: float,
) -> Prediction:
    value, source = service.threshold(model, threshold)
    judged = await service.predictor.judge(decoded, model, threshold=value, calibrate=calibrate)
    found = judged.verdict
    return Prediction(
        prediction=found.prediction,
        verdict=found.verdict,
        reasons=found.reasons,
        confidence=found.confidence,
        probability=Probability(real=1 - found.fake, fake=found.fake),
        raw_probability=Probability(real=1 - found.raw_fake, fake=found.raw_fake),
        logit=found.logit,
        threshold=value,
        threshold_source=source,
        model=model.name,
        model_sha256=model.sha256,
        assumptions=model.assumptions,
        message=verdict.message(found),
        image=_image(decoded),
        device="cpu",
        timing_ms=_timing(decoded, judged, start),
    )


def _image(decoded: Decoded) -> ImageInfo:
    picture = decoded.picture
    return ImageInfo(
        sha256=picture.sha256,
        size_bytes=picture.size_bytes,
        width=picture.width,
        height=picture.height,
        format=picture.format,
    )


def _timing(decoded: Decoded, judged: Judged, start: float) -> Timing:
    return Timing(
        decode=round(decoded.milliseconds, 3),
        queue=round(judged.timing.queue, 3),
        infer=round(judged.timing.run, 3),
        total=round((time.perf_counter() - start) * 1000, 3),
    )


def agree(results: list[Prediction]) -> Agreement:
    """How many models say Fake and Real, and in words."""
    fake = sum(result.prediction == "Fake" for result in results)
    real = len(results) - fake
    majority: ClassName | None = None if fake == real else "Fake" if fake > real else "Real"
    if majority is None:
        text = f"The models are split: {fake} of {len(results)} say Fake."
    else:
        text = f"{max(fake, real)} of {len(results)} models say {majority}."
    return Agreement(
        models=len(results),
        fake=fake,
        real=real,
        majority=majority,
        unanimous=len(results) in (fake, real),
        message=text,
    )
