"""Makes a report: predictions, and what is needed to weigh them."""

from datetime import UTC, datetime
from typing import NamedTuple

from app.core.errors import ServiceError
from app.core.settings import Settings
from app.core.software import software
from app.inference.models import ServedModel
from app.inference.pipeline import PictureResults
from app.inference.provenance import provenance_of
from app.jobs.heat_map_requests import HeatMapRequest, IsGone, explain
from app.reports import thumbnails
from app.reports.messages import LIMITS, forensic_findings
from app.schemas.predict import Comparison, Prediction
from app.schemas.report import Report, ReportFile, ReportForensics, ReportHeatMap, ReportModel
from app.service import Service
from app.storage.database import StoreUnavailable
from detection_model.card import ClassName
from detection_model.explain.attribution import Colours
from detection_model.provenance.record import Provenance

_COLOURS: Colours = "viridis"


class ReportOptions(NamedTuple):
    """Options of a report."""

    name: str | None
    several: bool
    heatmap: bool
    personal: bool


class _FileFacts(NamedTuple):
    """Facts of the file that do not depend on a model."""

    thumbnail: str
    provenance: Provenance
    forensics: list[ReportForensics]
    software: dict[str, str]


async def report(
    service: Service,
    results: PictureResults,
    answer: Comparison,
    options: ReportOptions,
    is_gone: IsGone,
) -> Report:
    """Make the report on a picture.

    Args:
        service: holds models and predictor.
        results: of the models.
        answer: the predictions that these results give.
        options: of the request.
        is_gone: whether the client disconnected.

    Raises:
        ClientGoneError: the client disconnected.
        UnavailableError: the picture would have to wait too long.
    """
    facts = await service.predictor.look(
        "report", lambda: _facts(results, service.settings, personal=options.personal), is_gone
    )
    leading = leading_model(service, results)
    predictions = answer.results
    heat_map: ReportHeatMap | str = "It was not requested."
    if options.heatmap:
        heat_map = await _heat_map(
            service, results, leading, predictions[leading].prediction, is_gone
        )
    image = predictions[0].image.model_copy(update={"faces": results.face_count})
    return Report(
        created=datetime.now(UTC),
        file=ReportFile(name=options.name, thumbnail=facts.thumbnail, **image.model_dump()),
        leading=predictions[leading].model,
        results=predictions,
        failed=answer.failed,
        agreement=answer.agreement if options.several else None,
        models=[_model(*pair) for pair in zip(results.models, predictions, strict=True)],
        heatmap=None if isinstance(heat_map, str) else heat_map,
        heatmap_missing=heat_map if isinstance(heat_map, str) else None,
        provenance=facts.provenance,
        forensics=facts.forensics,
        limits=list(LIMITS),
        software=facts.software,
    )


def leading_model(service: Service, results: PictureResults) -> int:
    """Index of the leading model: the active one if the request includes it, else the first."""
    active = service.active()
    names = [model.name for model in results.models]
    return names.index(active.name) if active and active.name in names else 0


async def _heat_map(
    service: Service, results: PictureResults, index: int, towards: ClassName, is_gone: IsGone
) -> ReportHeatMap | str:
    """The heat map of a model's leading face, or the reason why there is none."""
    result = results.results[index]
    leading = result.leading_face
    request = HeatMapRequest(
        results.models[index],
        "gradcam",
        leading,
        whole=leading is None,
        picture=results.picture,
        faces=[face.face for face in result.faces],
    )
    try:
        explanation = await explain(
            service, results.data, request, wait=service.settings.report_wait, is_gone=is_gone
        )
    except ServiceError as error:
        return error.message
    except StoreUnavailable:
        return "The database cannot be reached."
    overlay = next(
        overlay
        for overlay in explanation.overlays
        if (overlay.towards, overlay.colours) == (towards, _COLOURS)
    )
    return ReportHeatMap(
        model=explanation.model,
        method=explanation.method,
        face=explanation.face,
        towards=towards,
        overlaid=thumbnails.overlaid(results.picture.pixels, explanation.box, overlay),
        legend=explanation.legend[_COLOURS],
    )


def _model(model: ServedModel, prediction: Prediction) -> ReportModel:
    card = model.card
    return ReportModel(
        name=model.name,
        sha256=model.sha256,
        architecture=card.architecture,
        summary=card.summary,
        intended_use=card.intended_use,
        trained_on=card.training.data if card.training else None,
        threshold=prediction.threshold,
        threshold_source=prediction.threshold_source,
        threshold_chosen=card.threshold.chosen,
        calibration=card.calibrator.kind,
        coverage=card.conformal.coverage if card.conformal else None,
        known_failures=card.known_failures,
        assumptions=[assumption.message for assumption in model.assumptions],
        assumed=model.assumptions,
    )


def _facts(results: PictureResults, settings: Settings, *, personal: bool) -> _FileFacts:
    picture = results.picture
    return _FileFacts(
        thumbnails.thumbnail(picture.pixels),
        provenance_of(results.data, settings.trust_anchors, personal=personal).provenance,
        forensic_findings(results.data, picture),
        software(),
    )
