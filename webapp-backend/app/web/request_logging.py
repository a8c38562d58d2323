"""Counts, times and logs every request under an id, which the client may choose."""

import logging
import re
import time
import uuid

from fastapi import APIRouter
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.deps import ServiceDep
from app.core.metrics import CONTENT_TYPE, Metrics

log = logging.getLogger("app.access")

router = APIRouter(include_in_schema=False)

_QUIET = {"/api/health", "/api/ready", "/metrics"}
_HEADER = "X-Request-ID"
_GOOD_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)


@router.get("/metrics")
async def read_metrics(service: ServiceDep) -> Response:
    """Metrics for Prometheus; nginx does not forward this route."""
    return Response(service.metrics.text(), media_type=CONTENT_TYPE)


class RequestLogging:
    """ASGI middleware, the outermost of all."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()
        client_id = Headers(scope=scope).get(_HEADER, "")
        request_id = client_id if _GOOD_ID.fullmatch(client_id) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[_HEADER] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            self._note(scope, status, request_id, time.perf_counter() - start)

    def _note(self, scope: Scope, status: int, request_id: str, seconds: float) -> None:
        # The route, not the path: clients can make up any number of paths.
        route = getattr(scope.get("route"), "path", "other")
        self.metrics.requests.labels(scope["method"], route, status).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        # Health checks and static files would hide everything else.
        level = logging.INFO if _is_of_interest(route, status) else logging.DEBUG
        log.log(
            level,
            "%s %s %d",
            scope["method"],
            route,
            status,
            extra={"request_id": request_id, "ms": round(seconds * 1000, 1)},
        )


def _is_of_interest(route: str, status: int) -> bool:
    return status >= 500 or (route.startswith("/api/") and route not in _QUIET)
