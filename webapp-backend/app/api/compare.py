"""/api/compare: several models on the test pictures that all of them share."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from app.api.deps import ServiceDep, names_in, refusals
from app.core.errors import InvalidError, NotFoundError
from app.inference.evaluation_pictures import PictureFinder
from app.schemas.compare import Call, Disagreement, ModelComparison, Pair
from app.service import Service
from detection_model.evaluation.comparison import ComparedPicture, compare
from detection_model.evaluation.records import Prediction

router = APIRouter(prefix="/api", tags=["compare"])


@router.get("/compare", operation_id="compare_models", responses=refusals(404, 409, 422, 503))
def compare_models(
    service: ServiceDep,
    models: Annotated[str, Query(description="two or more names, separated by commas")],
    dataset: Annotated[
        str | None, Query(description="only its test pictures; default: all, each once")
    ] = None,
) -> ModelComparison:
    """Agreement of models on their test pictures, and the pictures on which they disagree."""
    chosen_models = [service.model(name) for name in names_in(models)]
    if len(chosen_models) < 2:
        raise InvalidError("invalid_parameter", "models: name two or more, with commas.")
    predictions = {
        m.name: [row for row in m.evaluation.predictions if dataset in (None, row.dataset)]
        for m in chosen_models
        if m.evaluation is not None
    }
    thresholds = {model.name: service.threshold(model)[0] for model in chosen_models}
    comparison = compare(predictions if len(predictions) > 1 else {}, thresholds)
    rows = {row.sha256: row for row in _predictions(service)}
    finder = _finder(service)
    differing = [picture for picture in comparison.pictures if not picture.unanimous]
    wrong = [picture.errors for picture in comparison.pictures]
    return ModelComparison(
        models=[model.name for model in chosen_models],
        not_measured=[model.name for model in chosen_models if model.name not in predictions],
        datasets=comparison.datasets,
        pictures=len(comparison.pictures),
        n_real=sum(picture.label == "Real" for picture in comparison.pictures),
        n_fake=sum(picture.label == "Fake" for picture in comparison.pictures),
        agree=len(comparison.pictures) - len(differing),
        all_right=wrong.count(0),
        all_wrong=wrong.count(len(predictions)),
        pairs=[Pair.model_validate(pair, from_attributes=True) for pair in comparison.pairs],
        disagreements=[
            _disagreement(p, there=p.sha256 in rows and finder.is_there(rows[p.sha256]))
            for p in differing
        ],
    )


@router.get(
    "/compare/pictures/{sha256}",
    operation_id="get_compared_picture",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, **refusals(404, 422)},
)
def get_compared_picture(
    service: ServiceDep, sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
) -> Response:
    """A test picture, scaled down, where the data folder still has it."""
    row = next((row for row in _predictions(service) if row.sha256 == sha256), None)
    jpeg = _finder(service).thumbnail(row) if row else None
    if jpeg is None:
        raise NotFoundError("no_picture", "This test picture is not in the data folder here.")
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return Response(jpeg, media_type="image/jpeg", headers=headers)


def _finder(service: Service) -> PictureFinder:
    return PictureFinder(service.settings.data_dir, service.settings.image_limits)


def _predictions(service: Service) -> Iterator[Prediction]:
    for model in service.registry.ready().values():
        if model.evaluation is not None:
            yield from model.evaluation.predictions


def _disagreement(picture: ComparedPicture, *, there: bool) -> Disagreement:
    return Disagreement(
        path=picture.path,
        label=picture.label,
        sha256=picture.sha256 or None,
        picture=there,
        calls=[
            Call(
                model=name, fake=picture.fake[name], prediction=call, right=picture.is_correct(name)
            )
            for name, call in picture.calls.items()
        ],
    )
