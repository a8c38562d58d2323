"""Converts new model files, one at a time."""

import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path

from app.core import native_logs
from app.inference.model_folder import FolderWatch, ModelPath, by_preference
from detection_model.export.litert import (
    Compiled,
    compiled_folder,
    conversion_attempt,
    copy_published,
    failure_folder,
    find_compiled,
    publish_compiled,
)

log = logging.getLogger(__name__)

_ATTEMPTS = 3
_UNFINISHED = ".preparing-"
_ABANDONED_SECONDS = 3600.0


class ModelConverter:
    """Converts every model file that the cache does not hold.

    Args:
        models: folder of model files.
        cache: folder of converted models.
        chosen: name of the model that an operator has made the default, if any; it is first.
    """

    def __init__(
        self, models: Path, cache: Path, chosen: Callable[[], str | None] = lambda: None
    ) -> None:
        self._cache = cache
        self._chosen = chosen
        self._watch = FolderWatch(models)

        # Left behind by a killed worker. A young one may be in use by another worker.
        for leftover in cache.glob(f"{_UNFINISHED}*"):
            if time.time() - leftover.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(leftover, ignore_errors=True)

    def step(self) -> None:
        """Convert every file that is unchanged since the last look and not in the cache."""
        files = [file for file in self._watch.scan() if self._is_waiting(file)]
        if len(files) > 1:
            files = by_preference(files, self._chosen())
        for file in files:
            try:
                self._convert(file)
            except OSError as error:
                _warn(file, error)

    def default_model(self) -> ModelPath | None:
        """The file of the default model once all files are converted; None until then."""
        files = [file for file in self._watch.scan() if not file.is_ensemble]
        if not files or not all(file.still and not self._is_waiting(file) for file in files):
            return None
        return by_preference(files, self._chosen())[0]

    def _is_waiting(self, file: ModelPath) -> bool:
        """True if the file is unchanged since the last look and has no report."""
        if not file.still or file.is_ensemble:
            return False
        try:
            done = find_compiled(self._cache, self._watch.sha256(file), file.path.name)
        except OSError as error:
            _warn(file, error)
            return False
        return done is None or (done.problem is not None and done.keras_version != _keras_version())

    def _convert(self, file: ModelPath) -> None:
        sha256 = self._watch.sha256(file)
        folder = compiled_folder(self._cache, sha256)
        self._cache.mkdir(parents=True, exist_ok=True)
        with conversion_attempt(folder) as attempt:
            if attempt is None or not self._is_waiting(file):
                return  # another worker converts it, or just has
            output = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._cache))
            try:
                report = self._compile(file, sha256, attempt, output)
                failure = failure_folder(self._cache, sha256, file.path.name)
                publish_compiled(report, output, failure if report.problem else folder)
            finally:
                shutil.rmtree(output, ignore_errors=True)
        log.info("%s: %s", file.name, report.problem or f"ready for {report.engine}")

    def _compile(self, file: ModelPath, sha256: str, attempt: int, output: Path) -> Compiled:
        if published := copy_published(file.path, sha256, output):
            return published
        if attempt > _ATTEMPTS:
            problem = "the worker crashed at each attempt to convert it; too large for the memory?"
            return Compiled(sha256=sha256, problem=problem, keras_version=_keras_version())
        log.info("%s: converting", file.name)
        # TensorFlow is loaded only when there is a file to convert.
        native_logs.load_tensorflow()
        from detection_model.export.litert import compile_model
        from detection_model.inference.detector import ModelError

        try:
            return compile_model(file.path, sha256, output)
        except ModelError as error:
            return Compiled(sha256=sha256, problem=str(error), keras_version=_keras_version())


def _warn(file: ModelPath, error: OSError) -> None:
    # The file was removed, or the disk is full: retried.
    log.warning("%s: %s", file.name, error.strerror or error)


@cache
def _keras_version() -> str:
    return version("keras")
