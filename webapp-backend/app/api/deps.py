"""Dependencies of the routes."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from app.api.unknown import FILE_ALIAS, refuse_unknown_fields
from app.core.errors import (
    InvalidError,
    MalformedError,
    ServiceError,
    UnavailableError,
    UnsupportedError,
    UploadTimeoutError,
)
from app.inference.models import ServedModel
from app.schemas.base import ErrorAnswer
from app.schemas.predict import FailedModel
from app.service import Service

_NAME_LENGTH = 200
# The first bytes of a ZIP archive, and of one without files.
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


async def _service(
    request: Request,
) -> Service:  # async: a sync dependency would run in the thread pool
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(_service)]


def names_in(models: str) -> list[str]:
    """Names separated by commas, each once."""
    return list(dict.fromkeys(name.strip() for name in models.split(",") if name.strip()))


def chosen_models(
    service: Service, model: str | None, models: str | None
) -> tuple[list[ServedModel], list[FailedModel]]:
    """The models that a request names (default: the active model), and those that cannot answer.

    Raises:
        NotFoundError: a name is unknown.
        InvalidError: both parameters are given, or the list is empty.
        ServiceError: no model can answer.
    """
    if models is None:
        return [service.model(model)], []
    if model is not None:
        raise InvalidError("invalid_parameter", "Give model or models, not both.")
    if models == "all":
        slots = [slot for slot in service.registry.slots.values() if slot.state != "broken"]
    else:
        slots = [service.slot(name) for name in names_in(models)]
        if not slots:
            raise InvalidError(
                "invalid_parameter", "models: give all, or names separated by commas."
            )
    ready: list[ServedModel] = []
    failed: list[FailedModel] = []
    for slot in slots:
        try:
            ready.append(service.served(slot))
        except ServiceError as error:
            failed.append(FailedModel(model=slot.name, error=error.code, message=error.message))
    if not ready:
        service.model(slots[0].name if slots else None)  # raises the reason
    return ready, failed


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for its documentation."""
    return {status: {"model": ErrorAnswer} for status in statuses}


@dataclass(frozen=True)
class Uploaded:
    """The one file of a multipart request, not yet in memory."""

    _file: UploadFile
    _most: int

    @property
    def name(self) -> str | None:
        """The client's name of the file, without folders and control characters."""
        last = (self._file.filename or "").replace("\\", "/").rpartition("/")[2]
        printable = "".join(c if c.isprintable() else " " for c in last).strip()
        return printable[:_NAME_LENGTH] or None

    async def read(self) -> bytes:
        """The bytes of a picture; one more than allowed shows that a file is too large.

        Raises:
            UnsupportedError: a ZIP archive, which belongs to a batch job.
        """
        data = await self._file.read(self._most + 1)
        if data.startswith(_ZIP):
            raise UnsupportedError(
                "unsupported_format",
                "The file is a ZIP archive or office document, not a picture. "
                "Send an archive of pictures as a batch job (POST /api/jobs).",
            )
        return data

    def copy_to(self, target: BinaryIO) -> None:
        """The bytes, into an open file; blocks."""
        shutil.copyfileobj(self._file.file, target)


@asynccontextmanager
async def uploaded(
    request: Request, *, field: str, what: str, most: int, seconds: float
) -> AsyncIterator[Uploaded]:
    """The one file of a multipart request, in `field` or in one named file.

    Raises:
        ServiceError: 415 no form, 400 not exactly one file or a charset that cannot be read, 408 it
            arrives too slowly, 422 an unknown field, 503 the temporary folder is full.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise UnsupportedError(
            "not_multipart", f"Send the {what} as multipart/form-data in the field {field}."
        )
    try:
        async with asyncio.timeout(seconds):
            form = await request.form(max_files=2, max_fields=10)
    except TimeoutError:
        raise UploadTimeoutError(
            "upload_too_slow", f"The {what} did not arrive in time. Try again."
        ) from None
    except UnicodeError:  # Starlette lets it through
        message = "The charset of the form cannot be read. Leave it out."
        raise MalformedError("bad_request", message) from None
    except OSError:
        message = f"The {what} cannot be stored now: the disk is full. Try again later."
        raise UnavailableError("storage_full", message, 60) from None
    try:
        refuse_unknown_fields(form, request)
        yield Uploaded(_only_file(form, field, what), most)
    finally:
        await form.close()


def _only_file(form: FormData, field: str, what: str) -> UploadFile:
    values = [value for name, value in form.multi_items() if name in (field, FILE_ALIAS)]
    if not values:
        raise MalformedError("missing_file", f"Send the {what} in the field {field}.")
    if len(values) > 1:
        raise MalformedError("several_files", f"Send one {what} in each request.")
    if not isinstance(values[0], UploadFile):
        raise MalformedError("not_a_file", f"The field {field} must be a file, not text.")
    return values[0]


async def _picture(request: Request, service: ServiceDep) -> AsyncIterator[Uploaded]:
    settings = service.settings
    async with uploaded(
        request,
        field="image",
        what="picture",
        most=settings.max_upload_bytes,
        seconds=settings.upload_seconds,
    ) as upload:
        yield upload


Upload = Annotated[Uploaded, Depends(_picture)]


# The service reads uploads by hand to bound their size, so FastAPI cannot document them.
def upload_body(field: str, what: str) -> dict[str, Any]:
    """The body of a route that takes one file."""
    file = {
        "type": "string",
        "format": "binary",
        "description": f"the {what}; the field may also be named {FILE_ALIAS}",
    }
    schema = {"type": "object", "properties": {field: file}, "required": [field]}
    return {
        "requestBody": {
            "required": True,
            "content": {"multipart/form-data": {"schema": schema}},
        }
    }
