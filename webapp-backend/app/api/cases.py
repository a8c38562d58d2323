"""POST /api/cases: "This verdict is wrong". Only operators read the stored files."""

from datetime import UTC, datetime
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from app.api.deps import ServiceDep, Upload, refusals, upload_body
from app.api.inference import Selected, predict_upload
from app.core.errors import InvalidError, UnavailableError
from app.core.software import software
from app.inference.pipeline import PictureResults
from app.reports.phash import perceptual_hash
from app.schemas.cases import CaseAnswer, CaseClaim, CaseKept
from app.schemas.predict import Prediction
from app.service import Service
from app.storage.case_files import CasesFullError, StoredCase
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
        200: {"model": CaseAnswer, "description": "the same claim is already stored"},
        **refusals(400, 404, 408, 409, 413, 415, 422, 503),
    },
    openapi_extra=_body(),
)
async def keep_case(
    request: Request, response: Response, service: ServiceDep, upload: Upload, selection: Selected
) -> CaseAnswer:
    """Report the true class of a picture, for those who train and test the models.

    The service classifies the picture itself, so that the case holds its own verdict and not a
    client's claim. It keeps hashes, sizes, verdicts and versions; the picture only with consent.
    The newest claim about a picture counts, and so does its consent: without it, a stored picture
    is deleted.
    """
    claim = await _claim(request)
    results, answer = await predict_upload(request, service, upload, selection, "auto")
    verdicts = tuple(_verdict(prediction, selection.calibrate) for prediction in answer.results)
    stored = await to_thread.run_sync(_keep, service, results, verdicts, claim)
    if not stored.is_new:
        response.status_code = 200
    return CaseAnswer(case=_summary(stored.case), results=answer.results, message=_message(stored))


async def _claim(request: Request) -> CaseClaim:
    """The text fields of the form, which the request has already read.

    Raises:
        InvalidError: one of them is missing or wrong.
    """
    form = await request.form()
    fields = {name: value for name, value in form.items() if not isinstance(value, UploadFile)}
    try:
        return CaseClaim.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidError("invalid_parameter", f"{first['loc'][0]}: {first['msg']}") from None


def _keep(
    service: Service, results: PictureResults, verdicts: tuple[CaseVerdict, ...], claim: CaseClaim
) -> StoredCase:
    picture = results.picture
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
                verdicts=verdicts,
                software=software(),
            ),
        ),
    )
    try:
        return service.cases.keep(case, results.data if claim.keep_picture else None)
    except CasesFullError as error:
        raise UnavailableError("cases_full", f"{error} Tell the operator.", 3600) from None
    except OSError:
        message = "The case cannot be stored now: the disk is full or not writable. Try later."
        raise UnavailableError("storage_full", message, 60) from None


def _verdict(prediction: Prediction, calibrated: bool) -> CaseVerdict:
    return CaseVerdict(
        model=prediction.model,
        model_sha256=prediction.model_sha256,
        prediction=prediction.prediction,
        verdict=prediction.verdict,
        fake=prediction.probability.fake,
        logit=prediction.logit,
        calibrated=calibrated,
        threshold=prediction.threshold,
        threshold_source=prediction.threshold_source,
        judged=prediction.judged,
    )


def _summary(case: CaseFile) -> CaseKept:
    return CaseKept(
        sha256=case.sha256,
        created=case.claim.created,
        really=case.claim.really,
        picture_kept=case.picture is not None,
        claims=len(case.claims),
    )


def _message(stored: StoredCase) -> str:
    if not stored.is_new:
        return "This report is already stored; nothing has changed."
    if stored.case.picture:
        return "The report and the picture are stored. Thank you."
    return "The report is stored. Thank you."
