"""Registry of served models, synchronised with the models folder and the worker's cache."""

import hashlib
import logging
import shutil
import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from app.inference.engines import EngineGoneError, EnginePool, PooledEngine
from app.inference.ensembles import ensemble_slot
from app.inference.evaluations import read_evaluation
from app.inference.model_folder import FolderWatch, ModelPath
from app.inference.models import NAME_LENGTH, ServedModel, Slot
from detection_model.card import CardError, file_sha256, natural_order, read_eval_config
from detection_model.export.litert import LITERT_FILE, Compiled, compiled_folder, find_compiled
from detection_model.faces import find_faces
from detection_model.inference.detector import ModelError, load_model, resolve_card
from detection_model.inference.runtime import Engine, LiteRT, TensorFlow

log = logging.getLogger(__name__)

_PREPARING = "The model is being prepared."
_TOO_LONG = "The name has {} characters; give the file a name of at most {}."


class Registry:
    """The served models. `refresh` replaces the state atomically."""

    def __init__(
        self, models: Path, cache: Path, *, threads: int, memory: int, warm: bool = True
    ) -> None:
        self._watch = FolderWatch(models)
        self._cache = cache
        self._threads = threads
        self.engines = EnginePool(memory, warm=warm)
        self.slots: Mapping[str, Slot] = {}
        # Models of the first refresh that are neither ready nor broken yet.
        self.starting: frozenset[str] = frozenset()
        self.is_refreshed = False
        # Of two refreshes at once, the one with the older scan must not end last.
        self._refreshing = threading.Lock()

    def refresh(self) -> None:
        """Scan the folder and update the slots; blocks, so call it outside the event loop."""
        with self._refreshing:
            self._refresh()

    def _refresh(self) -> None:
        slots: dict[str, Slot] = {}
        # Ensembles follow their members.
        for file in sorted(self._watch.scan(), key=lambda file: file.is_ensemble):
            old = self.slots.get(file.name)
            try:
                if len(file.name) > NAME_LENGTH:
                    problem = _TOO_LONG.format(len(file.name), NAME_LENGTH)
                    slots[file.name] = replace(Slot.of(file, None), problem=problem, settled=True)
                elif file.is_ensemble:
                    slots[file.name] = ensemble_slot(file, old, slots)
                else:
                    slots[file.name] = self._slot(file, old)
            except OSError as error:  # the file is gone or the disk fails: the next refresh retries
                log.warning("%s: %s", file.name, error.strerror)
                if old is not None:
                    slots[file.name] = old
        self.slots = slots
        loading = {slot.name for slot in slots.values() if slot.state == "loading"}
        self.starting = frozenset(loading & self.starting if self.is_refreshed else loading)
        self.is_refreshed = True
        served = [slot.served for slot in slots.values() if slot.served]
        parts = [part for model in served for part in model.parts]
        self.engines.keep({part.engine for part in parts if part.engine})

    def ready(self) -> dict[str, ServedModel]:
        """Every model that answers, by name, in natural order (v2 before v10)."""
        names = sorted(self.slots, key=natural_order)
        served = {name: self.slots[name].served for name in names}
        return {name: model for name, model in served.items() if model is not None}

    def _slot(self, file: ModelPath, old: Slot | None) -> Slot:
        if old is not None and old.settled and old.file.stamps == file.stamps:
            failure = old.served.engine.failure if old.served and old.served.engine else None
            if failure:
                return self._failed(replace(old, served=None), failure)
            if old.served is not None or self._report(file, old.sha256 or "") == old.report:
                return old
        slot = Slot.of(file, old)
        if not file.still:
            return replace(slot, problem="The file is being written.")
        sha256 = self._watch.sha256(file)
        folder = compiled_folder(self._cache, sha256)
        compiled = self._report(file, sha256)
        if compiled is None:
            return replace(slot, sha256=sha256, problem=_PREPARING)
        try:
            served = self._serve(file, sha256, compiled, folder, slot.served)
        except (CardError, ModelError) as error:
            log.warning("%s: %s", file.name, error)
            return replace(slot, sha256=sha256, problem=str(error), settled=True, report=compiled)
        except EngineGoneError as error:
            return self._failed(replace(slot, sha256=sha256), error.__cause__)
        log.info("%s: serving %s", file.name, sha256[:12])
        return replace(slot, sha256=sha256, served=served, settled=True)

    def _report(self, file: ModelPath, sha256: str) -> Compiled | None:
        return find_compiled(self._cache, sha256, file.path.name)

    def _failed(self, slot: Slot, failure: BaseException | None) -> Slot:
        """A slot whose engine could not be loaded."""
        if isinstance(failure, ModelError):
            return replace(slot, problem=str(failure), settled=True)
        log.warning("%s: the converted file is damaged and will be converted again", slot.name)
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
            raise ModelError(compiled.problem or "the converted model is incomplete")
        card, assumptions = resolve_card(file.path, sha256, compiled.facts)
        if card.input.face_margin is not None:
            _warm_face_search()  # loads the networks now, so that the first picture does not wait
        unchanged = old is not None and old.sha256 == sha256
        engine = old.engine if old and unchanged else self._engine(file, compiled, folder)
        evaluation = read_evaluation(file.evaluation, sha256)
        threshold = read_eval_config(file.path).threshold
        return ServedModel(
            file.name, sha256, card, assumptions, evaluation, threshold, compiled, engine
        )

    def _engine(self, file: ModelPath, compiled: Compiled, folder: Path) -> PooledEngine:
        if compiled.engine == "litert":
            path = folder / LITERT_FILE
            # The weights, plus those packed by each interpreter and its tensors (measured with v3).
            interpreters = 1 + self._threads
            size = path.stat().st_size * (1 + 2 * interpreters)
            return self.engines.add(lambda: self._litert(path, compiled.converted_sha256), size)
        parameters = compiled.facts.parameters if compiled.facts else 0
        return self.engines.add(lambda: _tensorflow(file.path, compiled.sha256), 4 * parameters)

    def _litert(self, path: Path, sha256: str | None) -> Engine:
        converted = path.read_bytes()
        # The interpreter may crash on a damaged file, so it never sees one.
        if hashlib.sha256(converted).hexdigest() != sha256:
            raise OSError("the converted file is damaged")
        return LiteRT(converted, threads=self._threads)


def _tensorflow(path: Path, sha256: str) -> Engine:
    try:
        model = load_model(path)
    except ImportError:
        raise ModelError("it does not convert, and TensorFlow is not installed here") from None
    if file_sha256(path) != sha256:  # replaced in the meantime
        raise OSError("the file was replaced")
    return TensorFlow(model.logits, height=model.facts.height, width=model.facts.width)


@cache
def _warm_face_search() -> None:
    find_faces(np.zeros((64, 64, 3), np.uint8))
