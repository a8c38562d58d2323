"""What routes ask for."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from app.api.schemas import ErrorAnswer
from app.errors import ApiError
from app.service import Service

_FIELDS = ("image", "file")
_NAME_LENGTH = 200


def _service(request: Request) -> Service:
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
    """The bytes of a picture, and its file's name where the client tells one."""

    data: bytes
    name: str | None


async def _upload(request: Request, service: ServiceDep) -> AsyncIterator[Uploaded]:
    """The one picture of a multipart request, in memory only once the request is admitted."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ApiError(
            415, "not_multipart", "Send the picture as multipart/form-data in the field image."
        )
    async with request.form(max_files=2, max_fields=10) as form:
        picture = _only_picture(form)
        with service.predictor.admitted():
            # One byte more shows that a file is too large; images.decode says so.
            data = await picture.read(service.settings.max_upload_bytes + 1)
            yield Uploaded(data, _clean(picture.filename))


def _only_picture(form: FormData) -> UploadFile:
    given = [value for name, value in form.multi_items() if name in _FIELDS]
    if not given:
        raise ApiError(400, "missing_file", "Send the picture in the field image.")
    if len(given) > 1:
        raise ApiError(400, "several_files", "Send one picture a request.")
    if not isinstance(given[0], UploadFile):
        raise ApiError(400, "not_a_file", "The field image must be a file, not text.")
    return given[0]


def _clean(name: str | None) -> str | None:
    """A file's name without folders and control characters, as a client can put in anything."""
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    printable = "".join(c if c.isprintable() else " " for c in last).strip()
    return printable[:_NAME_LENGTH] or None


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
