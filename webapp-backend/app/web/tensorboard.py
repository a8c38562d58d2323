"""Proxies /tensorboard/ to TensorBoard if no web server does."""

import time
from urllib.parse import quote

import anyio
import httpx
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.background import BackgroundTask
from starlette.responses import Response

from app.core.errors import NotFoundError, UnavailableError

# TensorBoard starts in a few seconds, or a minute on a busy machine: the first visitor waits.
_START_SECONDS = 120.0
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "host"}

router = APIRouter(include_in_schema=False)


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
    client: httpx.AsyncClient | None = request.app.state.tensorboard
    if client is None:
        raise NotFoundError("no_tensorboard", "TensorBoard is not installed here.")
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


async def _send(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
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
