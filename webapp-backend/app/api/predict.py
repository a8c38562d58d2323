"""POST /api/predict."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.deps import ServiceDep, Upload, Uploaded, refusals, upload_body
from app.api.judged import Chosen, agree, judged
from app.api.schemas.history import HistoryImage, HistoryVerdict
from app.api.schemas.predict import Comparison, Prediction
from app.service import Service
from app.store.history import NewEntry

router = APIRouter(prefix="/api", tags=["predict"])


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
    choice: Chosen,
    history: Annotated[bool, Query(description="keep the verdict, not the picture")] = True,
) -> Response:
    """Judge one portrait with one model, or with several to compare them."""
    alone = choice.models is None
    found = await judged(request, service, upload, choice, "auto" if alone else "never")
    results = found.results
    if history and service.settings.history:
        _remember(service, upload, results)
    if alone:
        return _json(results[0])
    return _json(Comparison(results=results, failed=found.failed, agreement=agree(results)))


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
