"""Scores what a results folder lacks."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import NamedTuple

from detection_model.bulk.executors import Executor
from detection_model.bulk.results import Results
from detection_model.bulk.scoring import Row, failed_row
from detection_model.bulk.sources import Item

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
