"""POST /api/predict."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.deps import ServiceDep, Upload, Uploaded, refusals, upload_body
from app.api.inference import Selected, predict_upload
from app.inference.pipeline import PictureResults
from app.schemas.history import HistoryImage, HistoryVerdict
from app.schemas.predict import Comparison, Prediction
from app.service import Service
from app.storage.history import NewEntry
from detection_model.inference.uncertainty import ConsistencyMode

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
    selection: Selected,
    history: Annotated[bool, Query(description="keep the verdict, not the picture")] = True,
) -> Response:
    """Classify a portrait with one model, or with several to compare them."""
    single = selection.models is None
    consistency: ConsistencyMode = "auto" if single else "never"
    results, answer = await predict_upload(request, service, upload, selection, consistency)
    if history and service.settings.history:
        _record(service, upload, results, answer)
    return _json(answer.results[0] if single else answer)


def _json(answer: Prediction | Comparison) -> Response:
    # As FastAPI does, but without a second validation.
    return Response(answer.model_dump_json(), media_type="application/json")


def _record(
    service: Service, upload: Uploaded, results: PictureResults, answer: Comparison
) -> None:
    image = answer.results[0].image
    service.recorder.record(
        NewEntry(
            created=datetime.now(UTC),
            image=HistoryImage(
                name=upload.name,
                **image.model_dump(exclude={"faces", "notes"}),
                faces=results.face_count,
            ),
            verdicts=[
                HistoryVerdict.model_validate(prediction, from_attributes=True)
                for prediction in answer.results
            ],
            provenance=results.provenance,
            answer=answer,
        )
    )
