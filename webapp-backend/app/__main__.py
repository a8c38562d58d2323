"""`python -m app` serves; `python -m app openapi|settings` prints a description."""

import contextlib
import json
import sys
from math import ceil

import uvicorn

from app.core import logs, native_logs
from app.core.settings import Settings, settings_table
from app.main import create_app


def serve(settings: Settings) -> None:
    """Serve until stopped; accepted requests are answered first."""
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=ceil(settings.deadline),
    )
    server = uvicorn.Server(config)
    # Endless event streams would block the stop.
    app.state.stopping = lambda: server.should_exit
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(1)


if sys.argv[1:] == ["openapi"]:
    sys.stdout.write(json.dumps(create_app().openapi(), indent=2, sort_keys=True) + "\n")
elif sys.argv[1:] == ["settings"]:
    sys.stdout.write(settings_table())
else:
    settings = Settings()
    logs.configure(settings.log_format, settings.log_level)
    native_logs.load_litert()
    serve(settings)
