"""The conversion cache: folders that a worker writes and the service reads.

`<cache>/<sha256>-<engine version>/` holds `report.json` and, if the model converts,
`model.tflite`, whose outputs are logits. The reasons why a file does not convert are kept by its
name as well, in `<sha256>-<engine version>-<hash of the name>/`: another name may tell its
architecture. Reading it needs no TensorFlow.
"""

import json
import os
import shutil
from functools import cache
from hashlib import sha256 as sha256_of
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from detection_model.card import ModelFacts

LITERT_FILE = "model.tflite"
_REPORT = "report.json"
# Increment when the conversion changes, to ignore caches of older versions.
_CONVERSION = 2

EngineName = Literal["litert", "tensorflow"]


class Compiled(BaseModel):
    """report.json: the result of converting a model file, or why it cannot be served."""

    sha256: str
    problem: str | None = None
    engine: EngineName = "litert"
    engine_version: str = ""
    keras_version: str = Field("", description="that could not load the file; a newer one may")
    facts: ModelFacts | None = None
    converted_sha256: str | None = Field(None, description="of model.tflite")
    max_difference: float = Field(
        0, description="largest difference in probability from Keras on generated images"
    )
    max_logit_difference: float = Field(0, description="the same before the last activation")
    note: str | None = Field(None, description="reason for not using the default engine")


def compiled_folder(in_cache: Path, sha256: str) -> Path:
    """Cache folder of a model file for the installed version of the engine."""
    return in_cache / f"{sha256}-litert{_engine_version()}-{_CONVERSION}"


def failure_folder(in_cache: Path, sha256: str, file_name: str) -> Path:
    """Cache folder of the reason why a file does not convert under its present name."""
    folder = compiled_folder(in_cache, sha256)
    return folder.with_name(f"{folder.name}-{sha256_of(file_name.encode()).hexdigest()[:12]}")


@cache
def _engine_version() -> str:
    # The lookup reads files, and folders are polled every second.
    return version("ai-edge-litert")


def find_compiled(in_cache: Path, sha256: str, file_name: str) -> Compiled | None:
    """The report of a model file: that of its conversion, else that of its failure.

    None until there is one. Failures before their name was kept do not count.
    """
    report = read_compiled(compiled_folder(in_cache, sha256))
    if report is not None and report.problem is None:
        return report
    return read_compiled(failure_folder(in_cache, sha256, file_name))


def read_compiled(folder: Path) -> Compiled | None:
    """The report in a folder; None until the folder is complete."""
    try:
        report = Compiled.model_validate_json((folder / _REPORT).read_bytes())
    except (OSError, ValidationError):
        return None
    is_complete = report.problem or report.engine != "litert" or (folder / LITERT_FILE).is_file()
    return report if is_complete else None


def publish_compiled(report: Compiled, finished: Path, folder: Path) -> None:
    """Move a finished folder into place atomically: readers never see a partial one."""
    (finished / _REPORT).write_text(report.model_dump_json(indent=2))
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(finished, folder)  # noqa: PTH105  Path.rename does not replace on some systems


def count_attempt(folder: Path) -> int:
    """Count the start of a conversion, and return the number of starts.

    Otherwise a file that kills its worker would be retried for ever.
    """
    path = folder.with_suffix(".attempts")
    try:
        attempts = int(json.loads(path.read_text())) + 1
    except (OSError, ValueError):
        attempts = 1
    path.write_text(json.dumps(attempts))
    return attempts


def clear_attempts(folder: Path) -> None:
    """Reset the count after an attempt that ended."""
    folder.with_suffix(".attempts").unlink(missing_ok=True)
