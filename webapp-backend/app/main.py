"""Builds the application."""

import asyncio
import contextlib
import importlib.util
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.metadata import version

import anyio
from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline

from app.api import (
    cases,
    compare,
    config,
    explain,
    forensics,
    health,
    history,
    jobs,
    models,
    predict,
    preview,
    provenance,
    report,
    runs,
)
from app.api.deps import refusals
from app.api.errors import install_error_handlers
from app.api.unknown import install_unknown_paths, refuse_unknown_parameters
from app.core import subprocesses
from app.core.settings import Settings
from app.service import Service
from app.web import request_logging, spa, tensorboard
from app.web.body_limit import BodyLimit
from app.web.request_logging import RequestLogging

log = logging.getLogger(__name__)

# In the order of the API's documentation.
_API = (
    predict,
    preview,
    explain,
    forensics,
    provenance,
    report,
    cases,
    jobs,
    models,
    compare,
    runs,
    history,
    config,
)
# Seconds without a model file after which the folder counts as empty.
_NO_MODELS_SECONDS = 5.0
# Multipart framing and small fields around the picture.
_FORM_BYTES = 64 * 1024


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service. Nothing is opened before it starts."""
    chosen = settings or Settings()
    app = FastAPIOffline(
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
        static_url="/api/docs-static",
        redirect_slashes=False,
        title="Deepfake detection",
        version=version("webapp-backend"),
        lifespan=_lifespan,
    )
    app.state.service = Service.build(chosen)
    app.state.tensorboard = None
    app.state.stopping = lambda: False
    metrics = app.state.service.metrics
    install_error_handlers(app, metrics.refusals)
    app.add_middleware(
        BodyLimit,
        max_bytes=chosen.max_upload_bytes + _FORM_BYTES,
        paths={"/api/jobs": chosen.max_archive_bytes + _FORM_BYTES},
    )
    if chosen.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=chosen.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
        )
    app.add_middleware(RequestLogging, metrics=metrics)
    strict = [Depends(refuse_unknown_parameters)]
    for part in _API:
        app.include_router(part.router, dependencies=strict, responses=refusals(422))
    app.include_router(health.router)  # probes may add parameters of their own
    app.include_router(request_logging.router)
    app.include_router(tensorboard.router)
    install_unknown_paths(app, [part.router for part in (*_API, health)])
    spa.install(app, chosen.spa_dir)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(service.database.close)
        if service.settings.worker == "embedded":
            environment = {**os.environ, **_shared(service.settings)}
            command = subprocesses.worker_command()
            await stack.enter_async_context(
                subprocesses.supervised("worker", command, environment, after=service.first_refresh)
            )
        if service.settings.tensorboard == "embedded" and _has_tensorboard():
            app.state.tensorboard = await stack.enter_async_context(_tensorboard(service))
        # Unlike a cancelled asyncio task, the group waits for threads that use the database.
        tasks = await stack.enter_async_context(anyio.create_task_group())
        for work in (
            service.keep_overrides_fresh,
            service.keep_models_fresh,
            service.recorder.run,
            lambda: _announce(service),
        ):
            tasks.start_soon(_background, work)
        yield
        await service.recorder.flush()
        tasks.cancel_scope.cancel()


async def _background(work: Callable[[], Awaitable[None]]) -> None:
    """Run a task whose failure must not end the service."""
    try:
        await work()
    except Exception:
        log.exception("a background task failed")


async def _announce(service: Service) -> None:
    """Log progress while models are converted, and the address once all are ready."""
    settings, ready, waited = service.settings, -1, 0.0
    host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0") else settings.host  # noqa: S104
    address = f"http://{host}:{settings.port}"
    log.info("Starting on %s", address)
    while True:
        slots = [slot for slot in service.registry.slots.values() if slot.state != "broken"]
        now_ready = len(service.registry.ready())
        if slots and now_ready == len(slots):
            break
        if not slots and waited > _NO_MODELS_SECONDS:
            break
        if slots and now_ready != ready:
            ready = now_ready
            log.info("Converting models: %d of %d ready", ready, len(slots))
        await asyncio.sleep(settings.poll_seconds)
        waited += settings.poll_seconds
    active = service.active()
    log.info("Model: %s", active.name if active else "none; put a .keras file into the folder")
    log.info("Deepfake detection is ready: open %s", address)


def _shared(settings: Settings) -> dict[str, str]:
    """The settings that api and worker share."""
    return {
        "MODELS_DIR": str(settings.models_dir),
        "STATE_DIR": str(settings.state_dir),
        "POLL_SECONDS": str(settings.poll_seconds),
        "LOG_FORMAT": settings.log_format,
        "LOG_LEVEL": settings.log_level,
        "DATABASE_URL": settings.database_url,
        "THREADS": str(settings.threads),
        "MODELS_MEMORY": str(settings.models_memory),
        "MAX_UPLOAD_BYTES": str(settings.max_upload_bytes),
        "MAX_PIXELS": str(settings.max_pixels),
        "MIN_SIDE": str(settings.min_side),
        "MAX_ARCHIVE_FILES": str(settings.max_archive_files),
        "MAX_UNPACKED_BYTES": str(settings.max_unpacked_bytes),
        "EXPLAIN_IDLE": str(settings.explain_idle),
    }


def _has_tensorboard() -> bool:
    return importlib.util.find_spec("tensorboard") is not None


@contextlib.asynccontextmanager
async def _tensorboard(service: Service) -> AsyncIterator[tensorboard.Upstream]:
    port = subprocesses.free_port()
    command = subprocesses.tensorboard_command(service.settings, port)
    async with (
        # Hides the address that TensorBoard prints: users open the one of the service.
        subprocesses.supervised(
            "tensorboard", command, os.environ, after=service.first_refresh, silent=True
        ),
        contextlib.aclosing(tensorboard.Upstream(port)) as upstream,
    ):
        yield upstream
