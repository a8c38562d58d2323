"""POST /api/cases: "This verdict is wrong". Operators read what is kept; the API does not tell."""

from datetime import UTC, datetime
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from app.api.deps import ServiceDep, Upload, refusals, upload_body
from app.api.judged import Chosen, Judged, judged
from app.api.schemas.cases import CaseAnswer, CaseClaim, CaseKept
from app.api.schemas.predict import Prediction
from app.errors import ApiError, unavailable
from app.reporting.case_files import CasesFullError, Kept
from app.reporting.look import perceptual_hash
from app.reporting.software import software
from app.service import Service
from detection_model.evaluation.cases import CaseFile, CaseVerdict, Claim

router = APIRouter(prefix="/api", tags=["cases"])


def _body() -> dict[str, Any]:
    """The picture and the claim, as one form."""
    body = upload_body("image", "picture")
    schema = body["requestBody"]["content"]["multipart/form-data"]["schema"]
    claim = CaseClaim.model_json_schema()
    schema["properties"] |= claim["properties"]
    schema["required"] += claim["required"]
    return body


@router.post(
    "/cases",
    operation_id="keep_case",
    status_code=201,
    responses={
        200: {"model": CaseAnswer, "description": "the same claim is kept already"},
        **refusals(400, 404, 408, 409, 413, 415, 422, 503),
    },
    openapi_extra=_body(),
)
async def keep_case(
    request: Request, response: Response, service: ServiceDep, upload: Upload, choice: Chosen
) -> CaseAnswer:
    """Say what a picture really is, for those who train and test the models.

    It is judged anew, so that the case holds what the service says and not what a client claims.
    Kept are hashes, sizes, verdicts and versions, and the picture only with consent. The newest
    claim about a picture counts, its consent too: without it, a picture kept before is deleted.
    """
    claim = await _claim(request)
    found = await judged(request, service, upload, choice, "auto")
    kept = await to_thread.run_sync(_keep, service, found, claim, choice.calibrate)
    if not kept.is_new:
        response.status_code = 200
    return CaseAnswer(case=_told(kept.case), results=found.results, message=_message(kept))


async def _claim(request: Request) -> CaseClaim:
    """The text fields of a form that was read already.

    Raises:
        ApiError: 422, one of them is missing or wrong.
    """
    form = await request.form()
    given = {name: value for name, value in form.items() if not isinstance(value, UploadFile)}
    try:
        return CaseClaim.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise ApiError(422, "invalid_parameter", f"{first['loc'][0]}: {first['msg']}") from None


def _keep(service: Service, found: Judged, claim: CaseClaim, calibrated: bool) -> Kept:
    picture = found.judgement.picture
    case = CaseFile(
        sha256=picture.sha256,
        perceptual_hash=perceptual_hash(picture.pixels),
        size_bytes=picture.size_bytes,
        width=picture.width,
        height=picture.height,
        format=picture.format,
        claims=(
            Claim(
                created=datetime.now(UTC),
                really=claim.really,
                note=claim.note,
                verdicts=tuple(_verdict(one, calibrated) for one in found.results),
                software=software(),
            ),
        ),
    )
    try:
        return service.cases.keep(case, found.data if claim.keep_picture else None)
    except CasesFullError as error:
        raise unavailable("cases_full", f"{error} Tell the operator.", 3600) from None
    except OSError:
        message = "The case cannot be kept now: there is no room, or no right to write. Try later."
        raise unavailable("storage_full", message, 60) from None


def _verdict(said: Prediction, calibrated: bool) -> CaseVerdict:
    return CaseVerdict(
        model=said.model,
        model_sha256=said.model_sha256,
        prediction=said.prediction,
        verdict=said.verdict,
        fake=said.probability.fake,
        logit=said.logit,
        calibrated=calibrated,
        threshold=said.threshold,
        threshold_source=said.threshold_source,
        judged=said.judged,
    )


def _told(case: CaseFile) -> CaseKept:
    return CaseKept(
        sha256=case.sha256,
        created=case.claim.created,
        really=case.claim.really,
        picture_kept=case.picture is not None,
        claims=len(case.claims),
    )


def _message(kept: Kept) -> str:
    if not kept.is_new:
        return "This is known already; nothing new was written."
    what = "The case and the picture are kept" if kept.case.picture else "The case is kept"
    return f"{what}. Thank you."
