"""Run scoring in parallel: local processes, or tasks on a Ray cluster."""

import multiprocessing
import os
import signal
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from detection_model.bulk.scoring import Row, Scorer, score_item
from detection_model.bulk.sources import Item
from detection_model.inference.pipeline import Model


class Executor(Protocol):
    """Scores the items of a run in other processes."""

    @property
    def worker_ended(self) -> tuple[type[Exception], ...]:
        """Errors of a future whose worker has ended; its items can be submitted again."""

    @property
    def workers(self) -> int:
        """Items that can be scored at the same time."""

    def submit(self, items: Sequence[Item]) -> "Future[list[Row]]":
        """Score items; their rows keep the order."""

    def close(self) -> None:
        """Stop, and drop what is not finished."""


class LocalProcesses:
    """A pool of processes on this machine; a pool with a dead process is replaced."""

    worker_ended: tuple[type[Exception], ...] = (BrokenProcessPool,)

    def __init__(self, scorer: Scorer, workers: int) -> None:
        self.workers = workers
        self._scorer = scorer
        self._pool = self._new_pool()

    def submit(self, items: Sequence[Item]) -> "Future[list[Row]]":
        """Score items in the first process that is free."""
        try:
            return self._pool.submit(_score_here, items)
        except BrokenProcessPool:
            self._pool = self._new_pool()
            return self._pool.submit(_score_here, items)

    def close(self) -> None:
        """Stop the processes after their current items."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _new_pool(self) -> ProcessPoolExecutor:
        # Forking a process whose libraries run threads can deadlock.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.workers, context, _start_process, (self._scorer,))


class RayTasks:
    """Tasks on a Ray cluster, which starts them again when a node dies.

    Each node needs this package, and the sources under the same paths or URIs.

    Args:
        scorer: sent once to each node.
        address: of a cluster, `auto` for the one that runs here, `local` to start one.
    """

    def __init__(self, scorer: Scorer, address: str) -> None:
        import ray
        from ray import exceptions

        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        self._ray: Any = ray
        self.worker_ended: tuple[type[Exception], ...] = (
            exceptions.WorkerCrashedError,
            exceptions.NodeDiedError,
            exceptions.OutOfMemoryError,
            exceptions.ObjectLostError,
        )
        self._key = uuid.uuid4().hex
        # In a list, Ray leaves the reference as it is: a process fetches the model once.
        self._reference = [ray.put(scorer)]
        self._task = ray.remote(num_cpus=1, scheduling_strategy="SPREAD")(_score_on_node)

    @property
    def workers(self) -> int:
        """CPUs of the cluster now."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def submit(self, items: Sequence[Item]) -> "Future[list[Row]]":
        """Score items on any node."""
        reference = self._task.remote(self._key, self._reference, items)
        future: Future[list[Row]] = reference.future()
        return future

    def close(self) -> None:
        """Leave the cluster; what is not finished is cancelled."""
        self._ray.shutdown()


_models: dict[str, tuple[Scorer, Model]] = {}
_scorer: Scorer | None = None


def _score(key: str, items: Sequence[Item], fetch: Callable[[], Scorer]) -> list[Row]:
    if key not in _models:
        _models.clear()
        scorer = fetch()
        _models[key] = scorer, scorer.load()
    scorer, model = _models[key]
    return [score_item(item, model, scorer.options) for item in items]


def _start_process(scorer: Scorer) -> None:
    global _scorer
    _scorer = scorer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    """End this process when its parent has been killed; it would wait for work for ever."""
    parent.join()
    os._exit(1)


def _score_here(items: Sequence[Item]) -> list[Row]:
    assert _scorer is not None  # noqa: S101
    scorer = _scorer
    return _score("", items, lambda: scorer)


def _score_on_node(key: str, reference: list[Any], items: Sequence[Item]) -> list[Row]:
    import ray

    return _score(key, items, lambda: ray.get(reference[0]))
