"""Converts model files to LiteRT with logits as output, and keeps them in a cache.

A worker converts, checks the result against Keras, and writes
`<cache>/<sha256>-<engine version>/` with `report.json` and, if the model converts, `model.tflite`;
the service reads it without TensorFlow. The reasons why a file does not convert are kept by its
name as well, in `<sha256>-<engine version>-<hash of the name>/`: another name may tell its
architecture. A published model may come with its converted form in `<name>.litert/`, which then
needs no conversion.
"""

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256 as sha256_of
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from detection_model.card import InputSpec, ModelFacts, file_sha256
from detection_model.imaging import decode, to_input
from detection_model.inference.detector import LoadedModel, load_model
from detection_model.inference.runtime import LiteRT

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


def published_folder(model: Path) -> Path:
    """Folder next to a model file for its converted form."""
    return model.with_suffix(".litert")


def copy_published(model: Path, sha256: str, folder: Path) -> Compiled | None:
    """Copy the published converted form of a model file into `folder`, and return its report.

    None if there is none, if it is damaged, or if it belongs to another file or engine version.
    """
    source = published_folder(model)
    report = read_compiled(source)
    if report is None or report.sha256 != sha256 or report.engine_version != _engine_version():
        return None
    target = folder / LITERT_FILE
    shutil.copyfile(source / LITERT_FILE, target)
    # Compared after copying: the file may be replaced at any time.
    return report if file_sha256(target) == report.converted_sha256 else None


@contextlib.contextmanager
def conversion_attempt(folder: Path) -> Iterator[int | None]:
    """Lock the conversion of a model file while the block runs; yields the number of the attempt.

    Crashes are counted: otherwise a file that kills its worker would be retried for ever. Yields
    None if another worker converts the file.
    """
    # Never deleted: another worker may have opened it, and would then lock a file without a name.
    with folder.with_suffix(".attempts").open("a+") as file:
        if not _lock(file):
            yield None
            return
        file.seek(0)
        count = file.read()
        attempt = int(count) + 1 if count.isdecimal() else 1
        try:
            _write_count(file, str(attempt))
            yield attempt
        except (KeyboardInterrupt, OSError):  # no crash: the worker is stopped, or the disk is full
            _write_count(file, count)
            raise
        _write_count(file, "")


def _lock(file: IO[str]) -> bool:
    """Lock a file until it is closed or this process dies; False if another one holds the lock."""
    if sys.platform == "win32":  # where there is one worker
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: at worst, two workers convert the same file
        return True
    return True


def _write_count(file: IO[str], count: str) -> None:
    file.truncate(0)
    file.write(count)
    file.flush()


# Largest difference in probability at which the converted model is used.
TOLERANCE = 1e-3


class Differences(NamedTuple):
    """Largest differences between two engines."""

    probability: float
    logit: float


def compile_model(path: Path, sha256: str, folder: Path) -> Compiled:
    """Convert a model file for serving into `folder`.

    Falls back to TensorFlow, with a note, if the model does not convert or the converted model
    differs by more than 1e-3 in probability.

    Raises:
        ModelError: the file is not a model that can be served.
    """
    model = load_model(path)
    try:
        differences = _convert(model, folder / LITERT_FILE)
    except Exception as error:  # noqa: BLE001  converters raise nearly anything
        return _fallback(
            sha256, model.facts, f"does not convert to LiteRT ({type(error).__name__})"
        )
    # "Not <=" instead of ">": NaN counts as a failed comparison.
    if not differences.probability <= TOLERANCE:
        note = f"converted to LiteRT it differs by {differences.probability:.2g} in probability"
        return _fallback(sha256, model.facts, note)
    return Compiled(
        sha256=sha256,
        engine="litert",
        engine_version=version("ai-edge-litert"),
        facts=model.facts,
        converted_sha256=file_sha256(folder / LITERT_FILE),
        max_difference=differences.probability,
        max_logit_difference=differences.logit,
    )


def parity_pictures(facts: ModelFacts) -> NDArray[np.float32]:
    """Inputs for a parity check: generated images from this package, none of a person.

    Returns:
        float32 (8, facts.height, facts.width, 3), in [0, 255] if the model rescales, else [0, 1].
    """
    top = 255.0 if facts.rescales else 1.0
    spec = InputSpec(height=facts.height, width=facts.width, value_range=(0, top))
    files = sorted((Path(__file__).parent / "parity").glob("*.jpg"))
    return np.stack([to_input(decode(file.read_bytes()).pixels, spec) for file in files])


def _convert(model: LoadedModel, target: Path) -> Differences:
    """Write the LiteRT file, and return the largest differences from Keras."""
    with contextlib.redirect_stdout(io.StringIO()):
        model.logits.export(target, format="litert", verbose=False)
    pictures = parity_pictures(model.facts)
    expected = model.logits.predict(pictures, verbose=0)
    converted = LiteRT(target.read_bytes())(pictures)
    return Differences(
        probability=_largest(_probabilities(expected), _probabilities(converted)),
        logit=_largest(expected, converted),
    )


def _largest(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.abs(a - b).max())


def _probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    values = logits.astype(np.float64)
    if values.shape[1] == 1:
        values = np.concatenate([np.zeros_like(values), values], axis=1)
    exponents = np.exp(values - values.max(axis=1, keepdims=True))
    return cast(NDArray[np.float64], exponents / exponents.sum(axis=1, keepdims=True))


def _fallback(sha256: str, facts: ModelFacts, note: str) -> Compiled:
    return Compiled(
        sha256=sha256,
        engine="tensorflow",
        engine_version=_tensorflow_version(),
        facts=facts,
        note=note,
    )


def _tensorflow_version() -> str:
    import tensorflow as tf

    return str(cast(Any, tf).__version__)
