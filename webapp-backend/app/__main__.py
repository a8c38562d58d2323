"""`python -m app`: serve. `python -m app openapi`: print the API's description."""

import json
import logging
import sys

import uvicorn

from app.main import create_app
from app.settings import Settings

if sys.argv[1:] == ["openapi"]:
    sys.stdout.write(json.dumps(create_app().openapi(), indent=2, sort_keys=True) + "\n")
else:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    settings = Settings()
    # One line a request and one a start is enough.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.info("Deepfake detection: open http://localhost:%s", settings.port)
    uvicorn.run(
        create_app(settings), host=settings.host, port=settings.port, timeout_graceful_shutdown=10
    )
