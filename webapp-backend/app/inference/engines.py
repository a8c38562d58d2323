"""Keeps engines in memory within a budget: loads on demand, evicts the least recently used."""

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
    """An engine that the pool loads on demand and may evict."""

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
    """Loaded engines. Safe to use from several threads.

    `budget` is in estimated bytes of all engines; a single engine may exceed it. If `warm`, engines
    that fit are loaded in advance.
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
        if (engine := self._loaded(pooled)) is not None:
            return engine
        with pooled.loading:  # other engines stay available
            if (engine := self._loaded(pooled)) is not None:
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

    def keep(self, engines: Collection[PooledEngine]) -> None:
        """Evict all others."""
        with self._lock:
            for pooled in [pooled for pooled in self._engines if pooled not in engines]:
                del self._engines[pooled]

    @property
    def used(self) -> int:
        """Estimated bytes of all engines in memory."""
        with self._lock:
            return sum(pooled.size for pooled in self._engines)

    def __len__(self) -> int:
        return len(self._engines)

    def _loaded(self, pooled: PooledEngine) -> Engine | None:
        with self._lock:
            engine = self._engines.get(pooled)
            if engine is not None:
                self._engines.move_to_end(pooled)
            return engine

    def _shrink(self) -> None:
        # A running call keeps its engine until it ends.
        while len(self._engines) > 1 and sum(e.size for e in self._engines) > self._budget:
            self._engines.popitem(last=False)
