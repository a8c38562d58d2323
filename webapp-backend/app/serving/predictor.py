"""Judges pictures on a few threads beside the event loop: one thread a picture, start to end.

A thread decodes, resizes and calls the model, all of which leave Python's lock alone, so that
as many pictures are in work as there are cores, and none waits between two stages.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.errors import ClientGoneError, unavailable
from app.metrics import Metrics
from app.serving.admission import Admission
from app.serving.judging import Judgement, Question, fake_logit, judge, since
from app.serving.models import ServedModel
from detection_model.card import InputSpec
from detection_model.imaging import Limits

T = TypeVar("T")

# Of one measurement of speed: enough for a median, and short also for large models.
_WARM_UP = 2
_CALLS = 20
_MEASURE_SECONDS = 2.0


class Answered(NamedTuple):
    """A judgement, and the milliseconds that the picture waited for its turn."""

    judgement: Judgement
    queue_ms: float


class _Turn(NamedTuple, Generic[T]):
    """What came of work, and the milliseconds that it waited and took."""

    found: T
    queue_ms: float
    took_ms: float


class Predictor:
    """The way of a picture through the service."""

    def __init__(
        self,
        limits: Limits,
        metrics: Metrics,
        *,
        threads: int,
        max_wait: float,
        deadline: float,
    ) -> None:
        self._limits = limits
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="picture")
        self._free = asyncio.Semaphore(threads)
        self._in_work = 0
        self._admission = Admission(threads=threads, max_wait=max_wait)
        self._deadline = deadline

    @contextmanager
    def admitted(self, models: Sequence[ServedModel]) -> Iterator[None]:
        """Count a request in, or refuse it at once.

        Raises:
            ApiError: 503 when it would have to wait too long.
        """
        with self._admission.admitted([model.sha256 for model in models]):
            yield

    def expected_wait(self) -> float:
        """Seconds until a picture that comes now would have its turn."""
        return self._admission.expected_wait()

    def depth(self) -> int:
        """Pictures that wait or are in work."""
        return self._admission.inside

    async def judge(
        self,
        data: bytes,
        questions: Sequence[Question],
        is_gone: Callable[[], Awaitable[bool]],
    ) -> Answered:
        """Verdicts of one or several models on an uploaded picture.

        Raises:
            ImageError: it is no picture that is accepted.
            ModelFailedError: a model's answer is not finite.
            ClientGoneError: the client went away while the picture waited.
            ApiError: 503, the deadline passed.
        """
        turn = await self._in_turn(
            lambda alone: judge(data, questions, self._limits, alone=alone), is_gone
        )
        self._note(questions, turn.found, turn.queue_ms)
        return Answered(turn.found, turn.queue_ms)

    async def look(
        self, kind: str, work: Callable[[], T], is_gone: Callable[[], Awaitable[bool]]
    ) -> T:
        """Other work on an uploaded picture, which waits and is refused as verdicts are.

        Args:
            kind: of work that takes about the same time, for guesses of how long others wait.
            work: done on one of the threads.
            is_gone: as in `judge`.

        Raises:
            ImageError: it is no picture that is accepted.
            ClientGoneError: the client went away while the picture waited.
            ApiError: 503, too many wait, or the deadline passed.
        """
        with self._admission.admitted([kind]):
            turn = await self._in_turn(lambda _alone: work(), is_gone)
        self._admission.learn(kind, turn.took_ms / 1000)
        self._metrics.stage("queue", turn.queue_ms)
        self._metrics.stage(kind, turn.took_ms)
        return turn.found

    async def _in_turn(
        self, work: Callable[[bool], T], is_gone: Callable[[], Awaitable[bool]]
    ) -> "_Turn[T]":
        """Work on a thread as soon as one is free; it is told whether it is alone."""
        arrived = time.perf_counter()
        waits = self._free.locked()
        try:
            async with asyncio.timeout(self._deadline):
                async with self._free:
                    if waits and await is_gone():
                        raise ClientGoneError
                    queue_ms = since(arrived)
                    began = time.perf_counter()
                    self._in_work += 1
                    alone = self._in_work == 1
                    try:
                        found = await self._run(lambda: work(alone))
                    finally:
                        self._in_work -= 1
        except TimeoutError:
            raise unavailable(
                "deadline", f"There was no answer within {self._deadline:g} seconds."
            ) from None
        return _Turn(found, queue_ms, since(began))

    async def measure(self, model: ServedModel) -> list[float]:
        """Milliseconds of each of some calls of the model alone on one picture."""

        @cache
        def noise(spec: InputSpec) -> NDArray[np.float32]:
            return np.random.default_rng(0).random((spec.height, spec.width, 3), np.float32)

        def call() -> float:
            start = time.perf_counter()
            fake_logit(model, noise, alone=True)
            return since(start)

        took: list[float] = []
        for number in range(_WARM_UP + _CALLS):
            async with self._free:  # others have their turn in between
                milliseconds = await self._run(call)
            took += [milliseconds] if number >= _WARM_UP else []
            if sum(took) > _MEASURE_SECONDS * 1000:
                break
        return took

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _note(self, questions: Sequence[Question], found: Judgement, queue_ms: float) -> None:
        self._metrics.stage("queue", queue_ms)
        self._metrics.stage("decode", found.decode_ms)
        if found.faces_ms:
            self._metrics.stage("faces", found.faces_ms)
        for question, answer in zip(questions, found.answers, strict=True):
            model = question.model
            looked = found.faces_ms if answer.found.face_count is not None else 0.0
            self._admission.learn(model.sha256, (answer.infer_ms + looked) / 1000)
            self._metrics.stage("infer", answer.infer_ms, model.name)
            self._metrics.verdicts.labels(model.name, answer.found.verdict.verdict).inc()
