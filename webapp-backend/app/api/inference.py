"""Model selection and prediction, shared by /api/predict, /api/report and /api/cases."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request

from app.api.deps import Uploaded, chosen_models
from app.inference.pipeline import PictureResults
from app.inference.predictions import agree, prediction
from app.schemas.predict import Comparison
from app.service import Service
from detection_model.inference.pipeline import PredictOptions
from detection_model.inference.uncertainty import ConsistencyMode

Threshold = Annotated[float | None, Query(ge=0, le=1, allow_inf_nan=False)]
Whole = Annotated[bool, Query(description="classify the whole picture, even with models for faces")]
_CHECK = (
    "check whether re-encoding, scaling, shifting or mirroring flips the verdict: always, never, "
    "or auto (only near the threshold, and where a flip matters)"
)


@dataclass(frozen=True)
class Selection:
    """The models that a request names, and its options.

    `model` names one; `models` lists several or says all. `stability` is None if the request leaves
    it to the route.
    """

    model: str | None
    models: str | None
    threshold: float | None
    calibrate: bool
    whole: bool
    stability: ConsistencyMode | None

    def options(self, threshold: float, consistency: ConsistencyMode) -> PredictOptions:
        """The library's options with the threshold in force and the route's default."""
        return PredictOptions(threshold, self.calibrate, self.whole, self.stability or consistency)


# async: a sync dependency would run in the thread pool
async def _selection(
    model: Annotated[str | None, Query(description="default: the active model")] = None,
    models: Annotated[
        str | None, Query(description="all, or names separated by commas: compare")
    ] = None,
    threshold: Threshold = None,
    calibrate: Annotated[bool, Query(description="apply the models' calibrators")] = True,
    whole: Whole = False,
    stability: Annotated[
        ConsistencyMode | None,
        Query(description=f"{_CHECK}; default: auto, or never for predict with several models"),
    ] = None,
) -> Selection:
    return Selection(model, models, threshold, calibrate, whole, stability)


Selected = Annotated[Selection, Depends(_selection)]


async def predict_upload(
    request: Request,
    service: Service,
    upload: Uploaded,
    selection: Selection,
    consistency: ConsistencyMode,
) -> tuple[PictureResults, Comparison]:
    """Run the selected models on an uploaded picture.

    Args:
        request: tells whether the client is still there.
        service: holds models and predictor.
        upload: the picture.
        selection: models and options of the request.
        consistency: when to run the consistency check if the request does not say.

    Returns:
        the results, and the answer that they give.

    Raises:
        ImageError: the file is not an accepted picture.
        ModelFailedError: a model's output is not finite.
        ClientGoneError: the client disconnected while the picture waited.
        ServiceError: as `chosen_models`.
        UnavailableError: the picture would have to wait too long.
    """
    # Taken before decoding: a model that is removed meanwhile still answers this request.
    models, failed = chosen_models(service, selection.model, selection.models)
    thresholds = [service.threshold(model, selection.threshold) for model in models]
    requests = [
        (model, selection.options(threshold.value, consistency))
        for model, threshold in zip(models, thresholds, strict=True)
    ]
    with service.predictor.admitted(models):
        data = await upload.read()
        results = await service.predictor.predict(data, requests, request.is_disconnected)
    predictions = [
        prediction(results, index, threshold.source) for index, threshold in enumerate(thresholds)
    ]
    return results, Comparison(results=predictions, failed=failed, agreement=agree(predictions))
