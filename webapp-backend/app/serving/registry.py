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

from app.serving.engines import EngineGoneError, EnginePool, PooledEngine
from app.serving.evaluations import StoredEvaluation, read_evaluation
from app.serving.folder import FolderWatch, ModelPath
from detection_model.card import Card, CardError, file_sha256
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


@dataclass(frozen=True)
class ServedModel:
    """A model that answers: file, card and engine that belong together."""

    name: str
    sha256: str
    card: Card
    assumptions: list[str]
    compiled: Compiled
    engine: PooledEngine
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

    def __init__(self, models: Path, cache: Path, *, threads: int, memory: int) -> None:
        self._watch = FolderWatch(models)
        self._cache = cache
        self._threads = threads
        self.engines = EnginePool(memory)
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
        self.engines.keep({slot.served.engine for slot in slots.values() if slot.served})

    def ready(self) -> dict[str, ServedModel]:
        """Every model that answers, by name, in natural order (v2 before v10)."""
        names = sorted(self.slots, key=natural)
        served = {name: self.slots[name].served for name in names}
        return {name: model for name, model in served.items() if model is not None}

    def _look(self, file: ModelPath, old: Slot | None) -> Slot:
        if old is not None and old.settled and old.file.stamps == file.stamps:
            lost = old.served.engine.failure if old.served else None
            return self._without(replace(old, served=None), lost) if lost else old
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
        except EngineGoneError as error:
            return self._without(replace(slot, sha256=sha256), error.__cause__)
        log.info("%s: serving %s", file.name, sha256[:12])
        return replace(slot, sha256=sha256, served=served, settled=True)

    def _without(self, slot: Slot, lost: BaseException | None) -> Slot:
        """A slot whose engine could not be loaded."""
        if isinstance(lost, ModelError):
            return replace(slot, problem=str(lost), settled=True)
        log.warning("%s: the prepared form is damaged and is made anew", slot.name)
        shutil.rmtree(compiled_folder(self._cache, slot.sha256 or ""), ignore_errors=True)
        return replace(slot, problem=_PREPARING, settled=False)

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

    def _engine(self, file: ModelPath, compiled: Compiled, folder: Path) -> PooledEngine:
        if compiled.engine == "litert":
            path = folder / LITERT_FILE
            # Weights as they are and packed by each interpreter, with its tensors (measured: v3).
            interpreters = 1 + self._threads
            size = path.stat().st_size * (1 + 2 * interpreters)
            return self.engines.add(lambda: self._litert(path, compiled.converted_sha256), size)
        parameters = compiled.facts.parameters if compiled.facts else 0
        return self.engines.add(lambda: _tensorflow(file.path, compiled.sha256), 4 * parameters)

    def _litert(self, path: Path, sha256: str | None) -> Engine:
        converted = path.read_bytes()
        # The interpreter may crash on a damaged file, so it never sees one.
        if hashlib.sha256(converted).hexdigest() != sha256:
            raise OSError("the prepared form is damaged")
        return LiteRT(converted, threads=self._threads)


def _tensorflow(path: Path, sha256: str) -> Engine:
    try:
        model = load_model(path)
    except ImportError:
        raise ModelError("it does not convert, and TensorFlow is not installed here") from None
    if file_sha256(path) != sha256:  # another file took its place meanwhile
        raise OSError("the file was replaced")
    return TensorFlow(model.logits, height=model.facts.height, width=model.facts.width)


def natural(name: str) -> list[tuple[str, int]]:
    """Sort key that puts v2 before v10."""
    return [(text, int(digits or -1)) for text, digits in re.findall(r"(\D*)(\d*)", name)]
