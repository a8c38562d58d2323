"""Refuses request bodies that are too large while they arrive."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Most clients send all before they listen: what is a little too large is read and thrown away,
# so that they get the answer and not a broken connection.
_DRAIN_BYTES = 64 * 1024 * 1024


class BodyLimit:
    """ASGI middleware: 413 for bodies over `max_bytes`, whatever Content-Length says."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the bytes of each request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                while message.get("more_body") and received < _DRAIN_BYTES:
                    message = await receive()
                    received += len(message.get("body", b""))
                raise HTTPException(
                    413,
                    f"The request is larger than {self.max_bytes / 1024**2:.0f} MB. "
                    "Save the picture smaller and try again.",
                )
            return message

        await self.app(scope, counted, send)
