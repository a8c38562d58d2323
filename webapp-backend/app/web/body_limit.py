"""Refuses request bodies that are too large, while they are being received."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Most clients send everything before they read the answer. The rest of a slightly too large body is
# read and discarded, so that they get the answer and not a broken connection.
_DRAIN_BYTES = 64 * 1024 * 1024


class BodyLimit:
    """ASGI middleware: 413 for bodies over `max_bytes`, whatever Content-Length says.

    `paths` names paths with limits of their own.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, paths: Mapping[str, int]) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the bytes of each request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self.paths.get(scope["path"], self.max_bytes)
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                give_up = received + _DRAIN_BYTES
                while message.get("more_body") and received < give_up:
                    message = await receive()
                    received += len(message.get("body", b""))
                raise HTTPException(
                    413,
                    f"The request is larger than {most / 1024**2:.0f} MB. "
                    "Send a smaller file and try again.",
                )
            return message

        await self.app(scope, counted, send)
