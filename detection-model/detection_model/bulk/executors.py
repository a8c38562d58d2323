"""Scores what a results folder lacks, in local processes or as tasks on a Ray cluster."""

import multiprocessing
import os
import signal
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple, Protocol

from detection_model.bulk.results import Results
from detection_model.bulk.rows import Row, Scorer, failed_row, score_item
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


# Pictures of one call: enough to hide its overhead, few enough to keep all workers busy.
_CHUNK = 32
# Chunks for each worker that run or wait.
_QUEUED = 3
# A picture that ends its process this often, alone, is left out.
_ATTEMPTS = 2

Progress = Callable[[int, int], None]


class _Chunk(NamedTuple):
    part: int
    start: int
    items: list[Item]


def score_missing(results: Results, executor: Executor, progress: Progress) -> None:
    """Score all pictures of the parts that are not written, and write each part when complete.

    Memory holds a few chunks for each worker and the rows of the parts in progress.

    Args:
        results: is completed.
        executor: where pictures are scored.
        progress: called with the pictures done so far and their total.
    """
    missing = results.missing()
    total = results.manifest.pictures
    done = total - sum(map(results.rows, missing))
    progress(done, total)
    waiting: dict[Future[list[Row]], _Chunk] = {}
    parts: dict[int, dict[int, Row]] = {}

    def collect() -> None:
        nonlocal done
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            chunk = waiting.pop(future)
            try:
                rows = future.result()
            except executor.worker_ended:
                rows = [_score_alone(item, executor) for item in chunk.items]
            part = parts.setdefault(chunk.part, {})
            part.update(enumerate(rows, chunk.start))
            done += len(rows)
            progress(done, total)
            if len(part) == results.rows(chunk.part):
                results.write(chunk.part, (part[n] for n in range(len(part))))
                del parts[chunk.part]

    for chunk in _chunks(results, missing):
        while len(waiting) >= _QUEUED * executor.workers:
            collect()
        waiting[executor.submit(chunk.items)] = chunk
    while waiting:
        collect()


def _chunks(results: Results, parts: list[int]) -> Iterator[_Chunk]:
    for part in parts:
        items = list(results.items(part))
        for start in range(0, len(items), _CHUNK):
            yield _Chunk(part, start, items[start : start + _CHUNK])


def _score_alone(item: Item, executor: Executor) -> Row:
    """Score a suspected picture alone, to find out if it crashes its worker."""
    for _ in range(_ATTEMPTS):
        try:
            (row,) = executor.submit([item]).result()
        except executor.worker_ended:
            continue
        return row
    return failed_row(item)
