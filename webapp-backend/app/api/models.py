"""/api/models and /api/model/info."""

from statistics import median

from fastapi import APIRouter

from app.api.deps import ServiceDep, refusals
from app.core.errors import NotFoundError
from app.inference.model_listing import list_files
from app.inference.models import ServedModel, Slot
from app.schemas.models import (
    ActiveModel,
    ActiveModelSet,
    Engine,
    EvaluationSummary,
    ModelChange,
    ModelDetail,
    ModelEvaluation,
    ModelFile,
    ModelInfo,
    ModelList,
    ModelRow,
    ModelsFolder,
    ModelSpeed,
)
from app.service import Service
from detection_model.card import natural_order

router = APIRouter(prefix="/api", tags=["models"])


@router.get("/models", operation_id="list_models")
def list_models(service: ServiceDep) -> ModelList:
    """All files of the models folder, including broken ones."""
    slots = service.registry.slots
    active = service.active()
    return ModelList(
        active=active.name if active else None,
        models=[_row(service, slots[name], active) for name in sorted(slots, key=natural_order)],
        folder=ModelsFolder(
            shown_as=service.settings.models_name,
            exists=service.settings.models_dir.is_dir(),
            files=list_files(service.settings.models_dir, slots),
        ),
    )


@router.put(
    "/models/active", operation_id="set_active_model", responses=refusals(404, 409, 422, 503)
)
def set_active_model(service: ServiceDep, body: ActiveModel) -> ActiveModelSet:
    """Choose the model that answers when a request names none."""
    model = service.model(body.name)
    service.overrides.set_active(model.name)
    return ActiveModelSet(active=model.name)


@router.get("/models/{name}", operation_id="get_model", responses=refusals(404, 422))
def get_model(service: ServiceDep, name: str) -> ModelDetail:
    """One model with its card."""
    return ModelDetail(model=_row(service, service.slot(name), service.active()))


@router.patch("/models/{name}", operation_id="change_model", responses=refusals(404, 422, 503))
def change_model(service: ServiceDep, name: str, body: ModelChange) -> ModelDetail:
    """Set the threshold; null restores the model's own. No restart is needed."""
    service.slot(name)
    service.overrides.set_threshold(name, body.threshold)
    return get_model(service, name)


@router.get(
    "/models/{name}/evaluation",
    operation_id="get_evaluation",
    responses=refusals(404, 409, 422, 503),
)
def get_evaluation(service: ServiceDep, name: str) -> ModelEvaluation:
    """Evaluation of a model: metrics with intervals, and curves."""
    served = service.model(name)
    if served.evaluation is None:
        message = (
            f"{name} has not been measured. Run: detection-model eval run {name} --data FOLDER"
        )
        raise NotFoundError("not_evaluated", message)
    return ModelEvaluation(
        evaluation=served.evaluation.evaluation,
        curves=served.evaluation.curves,
        calibration=served.evaluation.calibration,
        summary=_summary(service, served),
    )


@router.post(
    "/models/{name}/speed", operation_id="measure_model", responses=refusals(404, 409, 422, 503)
)
async def measure_model(service: ServiceDep, name: str) -> ModelSpeed:
    """Measure one model call on this machine; takes a few seconds at most."""
    model = service.model(name)
    with service.predictor.admitted([model]):
        took = await service.predictor.measure(model)
    return ModelSpeed(
        model=model.name,
        device="cpu",
        threads=service.settings.threads,
        runs=len(took),
        median_ms=round(median(took), 3),
        fastest_ms=round(min(took), 3),
        slowest_ms=round(max(took), 3),
    )


@router.get("/model/info", operation_id="get_model_info", responses=refusals(503))
def get_model_info(service: ServiceDep) -> ModelInfo:
    """The active model, in an older format."""
    model = service.model(None)
    summary = _summary(service, model)
    return ModelInfo(
        model_name=model.name,
        version=model.card.version,
        input_shape=(model.card.input.height, model.card.input.width, 3),
        threshold=service.threshold(model)[0],
        classes=list(model.card.output.classes),
        accuracy=summary.accuracy if summary else None,
    )


def _row(service: Service, slot: Slot, active: ServedModel | None) -> ModelRow:
    row = ModelRow(
        name=slot.name,
        state=slot.state,
        active=active is not None and active.name == slot.name,
        problem=slot.problem,
        file=ModelFile(
            name=slot.file.path.name,
            size_bytes=slot.size_bytes,
            modified=slot.modified,
            sha256=slot.sha256,
        ),
    )
    if (model := slot.served) is not None:
        row.card = model.card
        row.assumptions = [assumption.message for assumption in model.assumptions]
        row.assumed = model.assumptions
        row.threshold, row.threshold_source = service.threshold(model)
        if (compiled := model.compiled) is not None:
            row.engine = Engine(
                name=compiled.engine,
                version=compiled.engine_version,
                max_difference=compiled.max_difference,
                max_logit_difference=compiled.max_logit_difference,
                note=compiled.note,
            )
        row.evaluation = _summary(service, model)
    return row


def _summary(service: Service, model: ServedModel) -> EvaluationSummary | None:
    if model.evaluation is None:
        return None
    row = model.evaluation.evaluation.rows[0]
    confusion = model.evaluation.confusion(service.threshold(model)[0])
    auc = row.metrics.get("auc")
    return EvaluationSummary(
        dataset=row.dataset,
        split=row.split,
        confusion=confusion,
        accuracy=confusion.correct / confusion.total,
        auc=auc.value if auc else None,
    )
