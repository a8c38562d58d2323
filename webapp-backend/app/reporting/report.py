"""Puts a report together: the answers of predict, and what must be known to weigh them."""

from datetime import UTC, datetime
from typing import NamedTuple

from app.api.judged import Judged, agree
from app.api.provenance import provenance_of
from app.api.schemas.predict import Prediction
from app.api.schemas.report import (
    Report,
    ReportFile,
    ReportForensics,
    ReportHeatMap,
    ReportModel,
)
from app.errors import ApiError
from app.explaining import Asked, IsGone, explain
from app.reporting import drawing
from app.reporting.software import software
from app.reporting.words import LIMITS, forensic_findings
from app.service import Service
from app.serving.models import ServedModel
from app.settings import Settings
from app.store.database import StoreUnavailable
from detection_model.explain.overlay import Colours
from detection_model.provenance.record import Provenance

_COLOURS: Colours = "viridis"


class Wanted(NamedTuple):
    """What a report is to hold beside the verdicts."""

    name: str | None
    several: bool
    heatmap: bool
    personal: bool


class _Facts(NamedTuple):
    """What is known of the file whatever the models say."""

    thumbnail: str
    provenance: Provenance
    forensics: list[ReportForensics]
    software: dict[str, str]


async def report(service: Service, found: Judged, wanted: Wanted, is_gone: IsGone) -> Report:
    """A report on a picture that was judged.

    Raises:
        ClientGoneError: nobody waits any more.
        ApiError: 503 it would have to wait too long.
    """
    facts = await service.predictor.look(
        "report", lambda: _facts(found, service.settings, personal=wanted.personal), is_gone
    )
    at = leading(service, found)
    drawn: ReportHeatMap | str = "It was not asked for."
    if wanted.heatmap:
        drawn = await _heat_map(service, found, at, is_gone)
    results = found.results
    faces = next((one.image.faces for one in results if one.image.faces is not None), None)
    image = results[0].image.model_copy(update={"faces": faces})
    return Report(
        created=datetime.now(UTC),
        file=ReportFile(name=wanted.name, thumbnail=facts.thumbnail, **image.model_dump()),
        leading=results[at].model,
        results=results,
        failed=found.failed,
        agreement=agree(results) if wanted.several else None,
        models=[_model(*pair) for pair in zip(found.models, results, strict=True)],
        heatmap=None if isinstance(drawn, str) else drawn,
        heatmap_missing=drawn if isinstance(drawn, str) else None,
        provenance=facts.provenance,
        forensics=facts.forensics,
        limits=list(LIMITS),
        software=facts.software,
    )


def leading(service: Service, found: Judged) -> int:
    """Position of the verdict that leads: the active model's if it was asked, else the first."""
    active = service.active()
    names = [model.name for model in found.models]
    return names.index(active.name) if active and active.name in names else 0


async def _heat_map(
    service: Service, found: Judged, at: int, is_gone: IsGone
) -> ReportHeatMap | str:
    """The heat map of a verdict, or why there is none."""
    said = found.results[at]
    # A picture's verdict is that of one of its faces.
    face = next((i for i, one in enumerate(said.faces) if one.logit == said.logit), None)
    asked = Asked(found.models[at], "gradcam", face, whole=face is None)
    try:
        shown = await explain(
            service, found.data, asked, wait=service.settings.report_wait, is_gone=is_gone
        )
    except ApiError as error:
        return error.message
    except StoreUnavailable:
        return "It could not be asked for: the store cannot be reached."
    overlay = next(
        one for one in shown.overlays if (one.towards, one.colours) == (said.prediction, _COLOURS)
    )
    return ReportHeatMap(
        model=shown.model,
        method=shown.method,
        face=shown.face,
        towards=said.prediction,
        overlaid=drawing.overlaid(found.judgement.picture.pixels, shown.box, overlay),
        legend=shown.legend[_COLOURS],
    )


def _model(model: ServedModel, said: Prediction) -> ReportModel:
    card = model.card
    return ReportModel(
        name=model.name,
        sha256=model.sha256,
        architecture=card.architecture,
        summary=card.summary,
        intended_use=card.intended_use,
        trained_on=card.training.data if card.training else None,
        threshold=said.threshold,
        threshold_source=said.threshold_source,
        threshold_chosen=card.threshold.chosen,
        calibration=card.calibrator.kind,
        coverage=card.conformal.coverage if card.conformal else None,
        known_failures=card.known_failures,
        assumptions=model.assumptions,
    )


def _facts(found: Judged, settings: Settings, *, personal: bool) -> _Facts:
    picture = found.judgement.picture
    return _Facts(
        drawing.thumbnail(picture.pixels),
        provenance_of(found.data, settings, personal=personal),
        forensic_findings(found.data, picture),
        software(),
    )
