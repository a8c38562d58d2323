"""Proxies /tensorboard/ to TensorBoard if no web server does."""

import time
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.background import BackgroundTask
from starlette.responses import Response

from app.core.errors import NotFoundError, UnavailableError

if TYPE_CHECKING:
    import httpx

# TensorBoard starts in a few seconds, or a minute on a busy machine: the first visitor waits.
_START_SECONDS = 120.0
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "host"}

router = APIRouter(include_in_schema=False)


class Upstream:
    """TensorBoard on a port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    @cached_property
    def client(self) -> "httpx.AsyncClient":
        """Made at the first visit, because importing httpx takes a tenth of a start."""
        import httpx

        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self._port}", timeout=60)

    async def aclose(self) -> None:
        """Close all connections."""
        if "client" in self.__dict__:
            await self.client.aclose()


@router.get("/tensorboard")
def slash() -> Response:
    """Relative links need the slash."""
    return RedirectResponse("/tensorboard/")


@router.get("/font-roboto/{path:path}")
def font(path: str) -> Response:
    """TensorBoard requests its fonts without its prefix."""
    return RedirectResponse(f"/tensorboard/font-roboto/{quote(path)}")


@router.api_route("/tensorboard/{path:path}", methods=["GET", "POST", "HEAD"])
async def proxy(request: Request, path: str) -> Response:
    """Forward one request to TensorBoard."""
    upstream: Upstream | None = request.app.state.tensorboard
    if upstream is None:
        raise NotFoundError("no_tensorboard", "TensorBoard is not installed here.")
    import httpx

    client = upstream.client
    outgoing = client.build_request(
        request.method,
        httpx.URL(path=f"/tensorboard/{path}", query=request.url.query.encode()),
        headers=[(k, v) for k, v in request.headers.items() if k not in _HOP_BY_HOP],
        content=await request.body(),
    )
    answer = await _send(client, outgoing)
    return StreamingResponse(
        answer.aiter_raw(),
        answer.status_code,
        {k: v for k, v in answer.headers.items() if k not in _HOP_BY_HOP},
        background=BackgroundTask(answer.aclose),
    )


async def _send(client: "httpx.AsyncClient", request: "httpx.Request") -> "httpx.Response":
    import httpx

    give_up = time.monotonic() + _START_SECONDS
    while True:
        try:
            return await client.send(request, stream=True)
        except httpx.ConnectError:
            if time.monotonic() > give_up:
                raise UnavailableError(
                    "tensorboard_down", "TensorBoard does not answer.", 5
                ) from None
            await anyio.sleep(0.2)
        except httpx.HTTPError:
            raise UnavailableError("tensorboard_down", "TensorBoard does not answer.", 5) from None
