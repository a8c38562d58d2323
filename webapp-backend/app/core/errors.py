"""Errors that inner packages raise. `app.api.errors` maps each to an HTTP status.

Every error has a short code for programs and a message that says what to do.
"""


class ServiceError(Exception):
    """A refusal with its code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class MalformedError(ServiceError):
    """The request lacks a part, or has too many of it."""


class NotFoundError(ServiceError):
    """The named thing does not exist."""


class UploadTimeoutError(ServiceError):
    """The upload took too long."""


class ConflictError(ServiceError):
    """The state of the named thing does not allow this."""


class UnsupportedError(ServiceError):
    """The upload has a form or format that the service does not read."""


class InvalidError(ServiceError):
    """A parameter has a value that it cannot have."""


class UnavailableError(ServiceError):
    """The service cannot do this now; `retry_after` is in seconds."""

    def __init__(self, code: str, message: str, retry_after: int = 1) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class ClientGoneError(Exception):
    """The client disconnected, so the work was not started."""
