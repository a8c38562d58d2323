"""Engines in memory within a budget: loaded when asked, the least recently used leaves."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray

from detection_model.inference.runtime import Engine

log = logging.getLogger(__name__)


class EngineGoneError(Exception):
    """The converted model file is missing; the worker converts the model again."""


class PooledEngine:
    """An engine that is in memory only while there is room for it."""

    def __init__(self, pool: "EnginePool", load: Callable[[], Engine], size: int) -> None:
        self._pool = pool
        self.load = load
        self.size = size
        self.loading = threading.Lock()
        self.failure: Exception | None = None

    def __call__(self, batch: NDArray[np.float32], *, alone: bool = False) -> NDArray[np.float32]:
        """Logits of each picture.

        Raises:
            EngineGoneError: it cannot be loaded.
        """
        return self._pool.get(self)(batch, alone=alone)


class EnginePool:
    """Safe to use from several threads. `budget`: bytes of all engines together, as estimated.

    One engine is always let in, however large. `warm`: those for which there is room are loaded
    before they are asked.
    """

    def __init__(self, budget: int, *, warm: bool = True) -> None:
        self._budget = budget
        self._warm = warm
        self._lock = threading.Lock()
        self._engines: OrderedDict[PooledEngine, Engine] = OrderedDict()

    def add(self, load: Callable[[], Engine], size: int) -> PooledEngine:
        """An engine of an estimated size in bytes.

        Raises:
            EngineGoneError: it cannot be loaded.
        """
        pooled = PooledEngine(self, load, size)
        if self._warm and self.used + size <= self._budget:
            self.get(pooled)
        return pooled

    def get(self, pooled: PooledEngine) -> Engine:
        """The engine itself, loaded if it is not in memory.

        Raises:
            EngineGoneError: it cannot be loaded.
        """
        if (engine := self._found(pooled)) is not None:
            return engine
        with pooled.loading:  # others go on with theirs
            if (engine := self._found(pooled)) is not None:
                return engine
            try:
                engine = pooled.load()
            except Exception as error:
                pooled.failure = error
                raise EngineGoneError from error
            with self._lock:
                self._engines[pooled] = engine
                self._shrink()
            return engine

    def keep(self, wanted: Collection[PooledEngine]) -> None:
        """Let all others go."""
        with self._lock:
            for pooled in [one for one in self._engines if one not in wanted]:
                del self._engines[pooled]

    @property
    def used(self) -> int:
        """Bytes of all engines in memory, as estimated."""
        with self._lock:
            return sum(pooled.size for pooled in self._engines)

    def __len__(self) -> int:
        return len(self._engines)

    def _found(self, pooled: PooledEngine) -> Engine | None:
        with self._lock:
            engine = self._engines.get(pooled)
            if engine is not None:
                self._engines.move_to_end(pooled)
            return engine

    def _shrink(self) -> None:
        # A call that is under way keeps its engine until it ends.
        while len(self._engines) > 1 and sum(one.size for one in self._engines) > self._budget:
            self._engines.popitem(last=False)
