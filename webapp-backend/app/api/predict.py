"""POST /api/predict."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.answers import prediction
from app.api.deps import ServiceDep, Upload, Uploaded, chosen_models, refusals, upload_body
from app.api.schemas.history import HistoryImage, HistoryVerdict
from app.api.schemas.predict import Agreement, Comparison, Prediction
from app.service import Service
from app.serving.judging import Question
from app.store.history import NewEntry
from detection_model.card import ClassName
from detection_model.stability import When

router = APIRouter(prefix="/api", tags=["predict"])

Threshold = Annotated[float | None, Query(ge=0, le=1, allow_inf_nan=False)]
Whole = Annotated[
    bool, Query(description="judge the whole picture, also with models made for faces")
]
_TRIES = (
    "whether the verdict holds when the picture is saved anew, scaled, shifted and mirrored: "
    "always, never, or auto, where it is close to the threshold"
)


@router.post(
    "/predict",
    operation_id="predict",
    response_model=Prediction | Comparison,
    responses=refusals(400, 404, 408, 409, 413, 415, 422, 503),
    openapi_extra=upload_body("image", "picture"),
)
async def predict(
    request: Request,
    service: ServiceDep,
    upload: Upload,
    model: Annotated[str | None, Query(description="default: the active one")] = None,
    models: Annotated[
        str | None, Query(description="all, or names separated by commas: compare")
    ] = None,
    threshold: Threshold = None,
    calibrate: Annotated[bool, Query(description="use the models' calibrators")] = True,
    whole: Whole = False,
    stability: Annotated[
        When | None, Query(description=f"{_TRIES}; default: auto, of several models never")
    ] = None,
    history: Annotated[bool, Query(description="keep the verdict, not the picture")] = True,
) -> Response:
    """Judge one portrait with one model, or with several to compare them."""
    # Taken before decoding: a model that leaves meanwhile still answers this request.
    chosen, failed = chosen_models(service, model, models)
    sources = [service.threshold(one, threshold) for one in chosen]
    when = stability or ("auto" if models is None else "never")
    questions = [
        Question(one, value, calibrate, whole, when)
        for one, (value, _) in zip(chosen, sources, strict=True)
    ]
    with service.predictor.admitted(chosen):
        found = await service.predictor.judge(
            await upload.read(), questions, request.is_disconnected
        )
    results = [
        prediction(found, answer, one, source)
        for one, answer, (_, source) in zip(chosen, found.judgement.answers, sources, strict=True)
    ]
    if history and service.settings.history:
        _remember(service, upload, results)
    if models is None:
        return _json(results[0])
    return _json(Comparison(results=results, failed=failed, agreement=agree(results)))


def _json(answer: Prediction | Comparison) -> Response:
    # What FastAPI would do, without validating again what was just made.
    return Response(answer.model_dump_json(), media_type="application/json")


def _remember(service: Service, upload: Uploaded, results: list[Prediction]) -> None:
    image = results[0].image
    faces = next((one.image.faces for one in results if one.image.faces is not None), None)
    service.recorder.record(
        NewEntry(
            created=datetime.now(UTC),
            image=HistoryImage(
                name=upload.name, **image.model_dump(exclude={"faces"}), faces=faces
            ),
            verdicts=[
                HistoryVerdict.model_validate(result, from_attributes=True) for result in results
            ],
        )
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
