"""What routes ask for."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from app.api.schemas.base import ErrorAnswer
from app.errors import ApiError
from app.service import Service

_FIELDS = ("image", "file")
_NAME_LENGTH = 200


async def _service(request: Request) -> Service:  # not async, it would cost a thread
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(_service)]


def names_in(models: str) -> list[str]:
    """Names separated by commas, each once."""
    return list(dict.fromkeys(name.strip() for name in models.split(",") if name.strip()))


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for its documentation."""
    return {status: {"model": ErrorAnswer} for status in statuses}


@dataclass(frozen=True)
class Uploaded:
    """The one picture of a multipart request, not yet in memory."""

    _file: UploadFile
    _most: int

    @property
    def name(self) -> str | None:
        """The file's name as a client tells it: without folders and control characters."""
        last = (self._file.filename or "").replace("\\", "/").rpartition("/")[2]
        printable = "".join(c if c.isprintable() else " " for c in last).strip()
        return printable[:_NAME_LENGTH] or None

    async def read(self) -> bytes:
        """The bytes, into memory; one more than allowed shows that a file is too large."""
        return await self._file.read(self._most + 1)


async def _upload(request: Request, service: ServiceDep) -> AsyncIterator[Uploaded]:
    """Find the one picture of a multipart request."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ApiError(
            415, "not_multipart", "Send the picture as multipart/form-data in the field image."
        )
    async with request.form(max_files=2, max_fields=10) as form:
        yield Uploaded(_only_picture(form), service.settings.max_upload_bytes)


def _only_picture(form: FormData) -> UploadFile:
    given = [value for name, value in form.multi_items() if name in _FIELDS]
    if not given:
        raise ApiError(400, "missing_file", "Send the picture in the field image.")
    if len(given) > 1:
        raise ApiError(400, "several_files", "Send one picture a request.")
    if not isinstance(given[0], UploadFile):
        raise ApiError(400, "not_a_file", "The field image must be a file, not text.")
    return given[0]


Upload = Annotated[Uploaded, Depends(_upload)]

# The upload is read by hand, so that its size is bounded; this documents it.
UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "image": {
                            "type": "string",
                            "format": "binary",
                            "description": "the picture; the field may also be named file",
                        }
                    },
                    "required": ["image"],
                }
            }
        },
    }
}
