"""The log: lines for people, or JSON for machines."""

import logging
import os
from typing import Literal

from pythonjsonlogger.json import JsonFormatter

LogFormat = Literal["text", "json"]


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        took = getattr(record, "ms", None)
        return line if took is None else f"{line} {took} ms {getattr(record, 'request_id', '')}"


def configure(form: LogFormat, level: str, prefix: str = "") -> None:
    """Set up the log of this process on standard error; `prefix` starts each line of text."""
    # A descriptor of its own, so that native_logs can hide what libraries write to stderr.
    stream = os.fdopen(os.dup(2), "w", buffering=1)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        JsonFormatter("{asctime}{levelname}{name}{message}", style="{")
        if form == "json"
        else _Text(f"{prefix}%(levelname)s: %(message)s")
    )
    logging.basicConfig(level=level, handlers=[handler])
    # Their messages repeat what the service logs itself.
    for name in ("alembic", "httpx", "uvicorn.access", "uvicorn.error", "tensorflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
