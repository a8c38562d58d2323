"""Runs models on a pool of threads: one thread handles a picture from start to end.

Decoding, resizing and the model all release the GIL, so as many pictures are processed in parallel
as there are cores, and none waits between two stages.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from app.core.errors import ClientGoneError, UnavailableError
from app.core.metrics import Metrics
from app.inference.admission import Admission
from app.inference.models import ServedModel
from app.inference.pipeline import ModelRequest, PictureResults, fake_logit, predict, since
from detection_model.card import InputSpec
from detection_model.imaging import Limits

T = TypeVar("T")

# Of one measurement of speed: enough for a median, and short also for large models.
_WARM_UP = 2
_CALLS = 20
_MEASURE_SECONDS = 2.0


class Predictor:
    """Admits pictures, runs models on them, and measures both."""

    def __init__(
        self,
        limits: Limits,
        metrics: Metrics,
        *,
        threads: int,
        max_wait: float,
        deadline: float,
        trust_list: Path | None = None,
    ) -> None:
        self._limits = limits
        self._trust_list = trust_list
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="picture")
        self._free = asyncio.Semaphore(threads)
        self._in_work = 0
        self._admission = Admission(threads=threads, max_wait=max_wait)
        self._deadline = deadline

    @contextmanager
    def admitted(self, models: Sequence[ServedModel]) -> Iterator[None]:
        """Admit a request, or refuse it at once.

        Raises:
            UnavailableError: when it would have to wait too long.
        """
        with self._admission.admitted([model.sha256 for model in models]):
            yield

    def expected_wait(self) -> float:
        """Expected seconds that a new picture waits."""
        return self._admission.expected_wait()

    def depth(self) -> int:
        """Number of pictures that wait or are being processed."""
        return self._admission.inside

    async def predict(
        self,
        data: bytes,
        requests: Sequence[ModelRequest],
        is_gone: Callable[[], Awaitable[bool]],
    ) -> PictureResults:
        """Run one or several models on an uploaded picture.

        Raises:
            ImageError: the file is not an accepted picture.
            ModelFailedError: a model's output is not finite.
            ClientGoneError: the client disconnected while the picture waited.
            UnavailableError: the deadline passed.
        """
        results, queue_ms, _ = await self._in_turn(
            [model.sha256 for model, _ in requests],
            lambda alone: predict(
                data, requests, self._limits, trust_list=self._trust_list, alone=alone
            ),
            is_gone,
        )
        results = replace(results, queue_ms=queue_ms)
        self._record(results)
        return results

    async def look(
        self, kind: str, work: Callable[[], T], is_gone: Callable[[], Awaitable[bool]]
    ) -> T:
        """Run other work on an uploaded picture under the same admission rules.

        Args:
            kind: name of the work; work of one kind should take similar time.
            work: runs on one of the threads.
            is_gone: whether the client disconnected.

        Raises:
            ImageError: the file is not an accepted picture.
            ClientGoneError: the client disconnected while the picture waited.
            UnavailableError: too many wait, or the deadline passed.
        """
        with self._admission.admitted([kind]):
            value, queue_ms, work_ms = await self._in_turn([kind], lambda _alone: work(), is_gone)
        self._admission.learn(kind, work_ms / 1000)
        self._metrics.stage("queue", queue_ms)
        self._metrics.stage(kind, work_ms)
        return value

    async def _in_turn(
        self,
        admitted: Sequence[str],
        work: Callable[[bool], T],
        is_gone: Callable[[], Awaitable[bool]],
    ) -> tuple[T, float, float]:
        """Run work when a thread is free, and tell it if it runs alone.

        Args:
            admitted: what the request was admitted for.
            work: runs on the thread.
            is_gone: whether the client disconnected.

        Returns:
            its value, and the milliseconds that it waited and took.
        """
        arrived = time.perf_counter()
        waits = self._free.locked()
        began: float | None = None
        try:
            async with asyncio.timeout(self._deadline), self._turn() as turn:
                if waits and await is_gone():
                    raise ClientGoneError
                queue_ms = since(arrived)
                began = time.perf_counter()
                value = await self._run(turn, admitted, work)
        except TimeoutError:
            if began is not None:
                for each in admitted:
                    self._admission.learn(each, self._deadline / len(admitted))
            raise UnavailableError(
                "deadline", f"There was no answer within {self._deadline:g} seconds."
            ) from None
        return value, queue_ms, since(began)

    async def measure(self, model: ServedModel) -> list[float]:
        """Milliseconds of each of several model calls on one picture."""

        @cache
        def noise(spec: InputSpec) -> NDArray[np.float32]:
            return np.random.default_rng(0).random((spec.height, spec.width, 3), np.float32)

        def call() -> float:
            start = time.perf_counter()
            fake_logit(model, noise, alone=True)
            return since(start)

        took: list[float] = []
        for number in range(_WARM_UP + _CALLS):
            async with self._turn() as turn:  # others have theirs in between
                milliseconds = await self._run(turn, [model.sha256], lambda _alone: call())
            took += [milliseconds] if number >= _WARM_UP else []
            if sum(took) > _MEASURE_SECONDS * 1000:
                break
        return took

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[ExitStack]:
        """A free thread; it is free again when the stack is closed."""
        await self._free.acquire()
        with ExitStack() as turn:
            turn.callback(self._free.release)
            yield turn

    async def _run(self, turn: ExitStack, admitted: Sequence[str], work: Callable[[bool], T]) -> T:
        """Run work on a thread.

        A thread cannot be stopped: its work counts until it is done, although nobody may wait for
        it any more.
        """
        alone = self._in_work == 0
        thread = asyncio.get_running_loop().run_in_executor(self._threads, work, alone)
        self._in_work += 1
        turn.callback(self._end_work)
        ended = turn.pop_all()
        thread.add_done_callback(lambda _: ended.close())
        try:
            return await asyncio.shield(thread)
        except asyncio.CancelledError:
            self._admission.enter(admitted)
            thread.add_done_callback(lambda _: self._admission.leave(admitted))
            thread.add_done_callback(asyncio.Future.exception)  # else it is logged as not handled
            raise

    def _end_work(self) -> None:
        self._in_work -= 1

    def _record(self, results: PictureResults) -> None:
        self._metrics.stage("queue", results.queue_ms)
        self._metrics.stage("decode", results.decode_ms)
        if results.faces_ms:
            self._metrics.stage("faces", results.faces_ms)
        for model, result, infer_ms in zip(
            results.models, results.results, results.infer_ms, strict=True
        ):
            faces_ms = results.faces_ms if result.face_count is not None else 0.0
            self._admission.learn(model.sha256, (infer_ms + faces_ms) / 1000)
            self._metrics.stage("infer", infer_ms, model.name)
            self._metrics.verdicts.labels(model.name, result.verdict.verdict).inc()
