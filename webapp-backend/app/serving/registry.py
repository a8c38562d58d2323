"""Which models are served now, kept in step with the models folder and the worker's cache."""

import hashlib
import logging
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from app.serving.evaluations import StoredEvaluation, read_evaluation
from app.serving.folder import FolderWatch, ModelPath
from detection_model.card import Card, CardError
from detection_model.detector import ModelError, load_model, resolve_card
from detection_model.eval_config import read_eval_config
from detection_model.export.compiled import (
    LITERT_FILE,
    Compiled,
    compiled_folder,
    read_compiled,
)
from detection_model.export.runtime import Engine, LiteRT, TensorFlow

log = logging.getLogger(__name__)

_PREPARING = "The model is being prepared."


class _DamagedCacheError(Exception):
    """The prepared form is not what the worker wrote."""


@dataclass(frozen=True)
class ServedModel:
    """A model that answers: file, card and engine that belong together."""

    name: str
    sha256: str
    card: Card
    assumptions: list[str]
    compiled: Compiled
    engine: Engine
    evaluation: StoredEvaluation | None
    configured_threshold: float | None


@dataclass(frozen=True)
class Slot:
    """One file of the folder: what is known of it, and the last good model of its name."""

    file: ModelPath
    size_bytes: int
    modified: datetime
    sha256: str | None = None
    problem: str | None = None
    served: ServedModel | None = None
    settled: bool = False

    @property
    def name(self) -> str:
        """The model's name."""
        return self.file.name

    @property
    def state(self) -> Literal["loading", "ready", "broken"]:
        """ready: it answers; broken: it does not and will not until the file changes."""
        if self.served is not None:
            return "ready"
        return "broken" if self.settled else "loading"


class Registry:
    """Readers see a whole state or the next whole state, never something between."""

    def __init__(self, models: Path, cache: Path, threads: int) -> None:
        self._watch = FolderWatch(models)
        self._cache = cache
        self._threads = threads
        self.slots: Mapping[str, Slot] = {}

    def refresh(self) -> None:
        """Look at the folder; blocks, so call it outside the event loop."""
        slots = {}
        for file in self._watch.scan():
            old = self.slots.get(file.name)
            try:
                slots[file.name] = self._look(file, old)
            except OSError as error:  # it went away, or the disk fails: looked at again
                log.warning("%s: %s", file.name, error.strerror)
                if old is not None:
                    slots[file.name] = old
        self.slots = slots

    def ready(self) -> dict[str, ServedModel]:
        """Every model that answers, by name, in natural order (v2 before v10)."""
        names = sorted(self.slots, key=natural)
        served = {name: self.slots[name].served for name in names}
        return {name: model for name, model in served.items() if model is not None}

    def _look(self, file: ModelPath, old: Slot | None) -> Slot:
        if old is not None and old.settled and old.file.stamps == file.stamps:
            return old
        stat = file.path.stat()
        slot = Slot(
            file=file,
            size_bytes=stat.st_size,
            modified=datetime.fromtimestamp(stat.st_mtime, UTC),
            served=old.served if old is not None else None,
        )
        if not file.still:
            return replace(slot, problem="The file is being written.")
        sha256 = self._watch.sha256(file)
        folder = compiled_folder(self._cache, sha256)
        compiled = read_compiled(folder)
        if compiled is None:
            return replace(slot, sha256=sha256, problem=_PREPARING)
        try:
            served = self._serve(file, sha256, compiled, folder, slot.served)
        except (CardError, ModelError) as error:
            log.warning("%s: %s", file.name, error)
            return replace(slot, sha256=sha256, problem=str(error), settled=True)
        except _DamagedCacheError:
            log.warning("%s: the prepared form is damaged and is made anew", file.name)
            shutil.rmtree(folder, ignore_errors=True)
            return replace(slot, sha256=sha256, problem=_PREPARING)
        log.info("%s: serving %s", file.name, sha256[:12])
        return replace(slot, sha256=sha256, served=served, settled=True)

    def _serve(
        self,
        file: ModelPath,
        sha256: str,
        compiled: Compiled,
        folder: Path,
        old: ServedModel | None,
    ) -> ServedModel:
        if compiled.problem or compiled.facts is None:
            raise ModelError(compiled.problem or "the prepared model is incomplete")
        card, assumptions = resolve_card(file.path, sha256, compiled.facts)
        unchanged = old is not None and old.sha256 == sha256
        engine = old.engine if old and unchanged else self._engine(file, compiled, folder)
        evaluation = read_evaluation(file.evaluation, sha256)
        threshold = read_eval_config(file.path).threshold
        return ServedModel(
            file.name, sha256, card, assumptions, compiled, engine, evaluation, threshold
        )

    def _engine(self, file: ModelPath, compiled: Compiled, folder: Path) -> Engine:
        if compiled.engine == "litert":
            converted = (folder / LITERT_FILE).read_bytes()
            # The interpreter may crash on a damaged file, so it never sees one.
            if hashlib.sha256(converted).hexdigest() != compiled.converted_sha256:
                raise _DamagedCacheError
            return LiteRT(converted, threads=self._threads)
        model = load_model(file.path)
        return TensorFlow(model.logits, height=model.facts.height, width=model.facts.width)


def natural(name: str) -> list[tuple[str, int]]:
    """Sort key that puts v2 before v10."""
    return [(text, int(digits or -1)) for text, digits in re.findall(r"(\D*)(\d*)", name)]
