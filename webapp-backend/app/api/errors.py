"""Maps every error to an HTTP status and a JSON body with a code and a message."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import Counter
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import ClientDisconnect

from app.api.unknown import unknown_body_field
from app.core.errors import (
    ClientGoneError,
    ConflictError,
    InvalidError,
    MalformedError,
    NotFoundError,
    ServiceError,
    UnavailableError,
    UnsupportedError,
    UploadTimeoutError,
)
from app.inference.engines import EngineGoneError
from app.inference.pipeline import ModelFailedError
from app.jobs.archive import ArchiveError, ArchiveProblem
from app.schemas.base import ErrorAnswer
from app.storage.database import StoreUnavailable
from detection_model.imaging import ImageError, ImageProblem

log = logging.getLogger(__name__)

_STATUS: dict[type[ServiceError], int] = {
    MalformedError: 400,
    NotFoundError: 404,
    UploadTimeoutError: 408,
    ConflictError: 409,
    UnsupportedError: 415,
    InvalidError: 422,
    UnavailableError: 503,
}
_IMAGE_STATUS: dict[ImageProblem, int] = {
    "empty_file": 400,
    "file_too_large": 413,
    "unsupported_format": 415,
    "too_many_pixels": 413,
    "image_too_small": 422,
    "truncated_image": 422,
    "corrupt_image": 422,
    "unsafe_path": 422,
}
_ARCHIVE_STATUS: dict[ArchiveProblem, int] = {
    "unsupported_format": 415,
    "corrupt_archive": 422,
    "empty_archive": 422,
    "encrypted_archive": 422,
    "archive_too_large": 413,
    "too_many_files": 413,
}
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "file_too_large"}


def install_error_handlers(app: FastAPI, refusals: Counter) -> None:
    """Answer every error with an `ErrorAnswer` and count it by its code."""

    def answer(
        status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> JSONResponse:
        refusals.labels(code).inc()
        body = ErrorAnswer(error=code, message=message).model_dump()
        return JSONResponse(body, status, headers=dict(headers or {}))

    @app.exception_handler(ServiceError)
    async def _service_error(_: Request, error: ServiceError) -> JSONResponse:
        headers = {}
        if isinstance(error, UnavailableError):
            headers["Retry-After"] = str(error.retry_after)
        if isinstance(error, UploadTimeoutError):
            headers["Connection"] = "close"
        return answer(_STATUS[type(error)], error.code, error.message, headers)

    @app.exception_handler(ImageError)
    async def _image_error(_: Request, error: ImageError) -> JSONResponse:
        return answer(_IMAGE_STATUS[error.code], error.code, error.message)

    @app.exception_handler(ArchiveError)
    async def _archive_error(_: Request, error: ArchiveError) -> JSONResponse:
        return answer(_ARCHIVE_STATUS[error.code], error.code, error.message)

    @app.exception_handler(ModelFailedError)
    async def _model_failed(_: Request, error: ModelFailedError) -> JSONResponse:
        return answer(409, "model_broken", str(error))

    @app.exception_handler(EngineGoneError)
    async def _engine_gone(_: Request, _error: EngineGoneError) -> JSONResponse:
        message = "The model is being converted again. Try again in a moment."
        return answer(503, "model_loading", message, {"Retry-After": "2"})

    @app.exception_handler(StoreUnavailable)
    async def _store_away(_: Request, _error: StoreUnavailable) -> JSONResponse:
        message = "The database cannot be reached. Predictions still work; try again in a moment."
        return answer(503, "store_unavailable", message, {"Retry-After": "1"})

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = error.errors()
        for problem in problems:
            if problem["type"] == "extra_forbidden":
                unknown = unknown_body_field(request, str(problem["loc"][-1]))
                return answer(422, unknown.code, unknown.message)
        first = problems[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return answer(422, "invalid_parameter", f"{where}: {first['msg']}")

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "bad_request")
        text = HTTPStatus(error.status_code).phrase
        return answer(error.status_code, code, str(error.detail or text), error.headers)

    @app.exception_handler(ClientDisconnect)
    @app.exception_handler(ClientGoneError)
    async def _gone(_: Request, _error: Exception) -> JSONResponse:
        return answer(400, "client_gone", "The connection was closed before the end.")

    async def bug(request: Request, error: Exception) -> JSONResponse:
        request_id = request.state.request_id
        extra = {"request_id": request_id}
        log.error("unexpected error in request %s", request_id, exc_info=error, extra=extra)
        message = "Something went wrong on our side. The next request works; please report this."
        return answer(500, "internal_error", message)

    # FastAPI runs a handler of Exception outside all other middleware, which adds headers.
    app.add_middleware(ServerErrorMiddleware, handler=bug)
