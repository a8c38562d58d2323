"""A model prepared for serving: a folder in a cache, made by a worker and read by the API.

`<cache>/<sha256>-<engine version>/` holds `report.json` and, where the model converts,
`model.tflite`, whose outputs are logits. Reading it needs no TensorFlow.
"""

import json
import os
import shutil
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from detection_model.card import ModelFacts

LITERT_FILE = "model.tflite"
_REPORT = "report.json"
# Raised when conversion itself changes, so that caches of older versions are left alone.
_CONVERSION = 2

EngineName = Literal["litert", "tensorflow"]


class Compiled(BaseModel):
    """report.json: how a model file was prepared, or why it cannot be served."""

    sha256: str
    problem: str | None = None
    engine: EngineName = "litert"
    engine_version: str = ""
    facts: ModelFacts | None = None
    converted_sha256: str | None = Field(None, description="of model.tflite")
    max_difference: float = Field(
        0, description="largest difference in probability from Keras on generated pictures"
    )
    max_logit_difference: float = Field(0, description="the same before the last activation")
    note: str | None = Field(None, description="why not the default engine")


def compiled_folder(in_cache: Path, sha256: str) -> Path:
    """Where the prepared form of a model file stands, for the installed engine's version."""
    return in_cache / f"{sha256}-litert{_engine_version()}-{_CONVERSION}"


@cache
def _engine_version() -> str:
    # Looking it up reads files, and folders are looked at every second.
    return version("ai-edge-litert")


def read_compiled(folder: Path) -> Compiled | None:
    """The report of a prepared model; none while there is none that is whole."""
    try:
        report = Compiled.model_validate_json((folder / _REPORT).read_bytes())
    except (OSError, ValidationError):
        return None
    whole = report.problem or report.engine != "litert" or (folder / LITERT_FILE).is_file()
    return report if whole else None


def publish_compiled(report: Compiled, made: Path, folder: Path) -> None:
    """Put a finished folder in its place at once; a reader never sees half of it."""
    (made / _REPORT).write_text(report.model_dump_json(indent=2))
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(made, folder)  # noqa: PTH105  Path.rename refuses on some systems


def count_attempt(folder: Path) -> int:
    """Note that preparing begins, and return how often it has begun.

    A file that kills its worker would otherwise be tried for ever.
    """
    path = folder.with_suffix(".attempts")
    try:
        attempts = int(json.loads(path.read_text())) + 1
    except (OSError, ValueError):
        attempts = 1
    path.write_text(json.dumps(attempts))
    return attempts


def clear_attempts(folder: Path) -> None:
    """Forget the attempts, as one has ended."""
    folder.with_suffix(".attempts").unlink(missing_ok=True)
