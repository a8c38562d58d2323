"""`python -m app`: serve. `python -m app openapi`: print the API's description."""

import json
import logging
import sys

import uvicorn

from app import logs
from app.main import create_app
from app.settings import Settings

if sys.argv[1:] == ["openapi"]:
    sys.stdout.write(json.dumps(create_app().openapi(), indent=2, sort_keys=True) + "\n")
else:
    settings = Settings()
    logs.configure(settings.log_format, settings.log_level)
    logging.info("Deepfake detection: open http://localhost:%s", settings.port)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=10,
    )
