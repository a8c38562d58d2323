"""How the service writes its log: lines for people, or JSON for machines."""

import logging
import sys
from typing import Literal

from pythonjsonlogger.json import JsonFormatter

LogFormat = Literal["text", "json"]


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        took = getattr(record, "ms", None)
        return line if took is None else f"{line} {took} ms {getattr(record, 'request_id', '')}"


def configure(form: LogFormat, level: str, prefix: str = "") -> None:
    """Set up the log of this process on standard error; `prefix` stands before lines of text."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter("{asctime}{levelname}{name}{message}", style="{")
        if form == "json"
        else _Text(f"{prefix}%(levelname)s: %(message)s")
    )
    logging.basicConfig(level=level, handlers=[handler])
    # Chatty ones; what they tell of requests we tell ourselves.
    for name in ("alembic", "httpx", "uvicorn.access", "tensorflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
