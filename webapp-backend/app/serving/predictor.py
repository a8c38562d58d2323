"""Judges pictures on a few threads beside the event loop: one thread a picture, start to end.

A thread decodes, resizes and calls the model, all of which leave Python's lock alone, so that
as many pictures are in work as there are cores, and none waits between two stages.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from app.errors import ClientGoneError
from app.metrics import Metrics
from app.serving.admission import Admission
from app.serving.registry import ServedModel
from detection_model import images, verdict
from detection_model.card import InputSpec, NoCalibrator
from detection_model.images import Limits, Picture
from detection_model.verdict import Verdict

T = TypeVar("T")

# Of one measurement of speed: enough for a median, and short also for large models.
_WARM_UP = 2
_CALLS = 20
_MEASURE_SECONDS = 2.0


@dataclass(frozen=True)
class Question:
    """A model to ask, and from which probability on it calls Fake."""

    model: ServedModel
    threshold: float
    calibrate: bool = True


@dataclass(frozen=True)
class Judged:
    """A verdict, and the milliseconds from resizing to the model's answer."""

    verdict: Verdict
    infer_ms: float


@dataclass(frozen=True)
class Judgement:
    """All verdicts on one picture, in the order asked."""

    picture: Picture
    queue_ms: float
    decode_ms: float
    answers: list[Judged]


class Predictor:
    """The way of a picture through the service."""

    def __init__(self, limits: Limits, metrics: Metrics, *, threads: int, max_wait: float) -> None:
        self._limits = limits
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="picture")
        self._free = asyncio.Semaphore(threads)
        self._in_work = 0
        self._admission = Admission(threads=threads, max_wait=max_wait)

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

    async def judge(
        self,
        data: bytes,
        questions: Sequence[Question],
        is_gone: Callable[[], Awaitable[bool]],
    ) -> Judgement:
        """Verdicts of one or several models on an uploaded picture.

        Raises:
            ImageError: it is no picture that is accepted.
            ClientGoneError: the client went away while the picture waited.
        """
        arrived = time.perf_counter()
        waits = self._free.locked()
        async with self._free:
            if waits and await is_gone():
                raise ClientGoneError
            queue_ms = _since(arrived)
            self._in_work += 1
            try:
                return await self._run(lambda: self._judge(data, questions, queue_ms))
            finally:
                self._in_work -= 1

    async def measure(self, model: ServedModel) -> list[float]:
        """Milliseconds of each of some calls of the model alone on one picture."""
        shape = (1, model.card.input.height, model.card.input.width, 3)
        batch = np.random.default_rng(0).random(shape, np.float32)

        def call() -> float:
            start = time.perf_counter()
            model.engine(batch, alone=True)
            return _since(start)

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

    def _judge(self, data: bytes, questions: Sequence[Question], queue_ms: float) -> Judgement:
        start = time.perf_counter()
        picture = images.decode(data, self._limits)
        decode_ms = _since(start)
        self._metrics.stage("queue", queue_ms)
        self._metrics.stage("decode", decode_ms)
        sizes: dict[InputSpec, NDArray[np.float32]] = {}
        answers = []
        for question in questions:
            start = time.perf_counter()
            spec = question.model.card.input
            if spec not in sizes:
                sizes[spec] = images.to_input(picture.pixels, spec)
            outputs = question.model.engine(sizes[spec][None], alone=self._in_work == 1)
            answer = Judged(_verdict(outputs[0], question), _since(start))
            answers.append(answer)
            self._admission.learn(question.model.sha256, answer.infer_ms / 1000)
            self._metrics.stage("infer", answer.infer_ms, question.model.name)
            self._metrics.verdicts.labels(question.model.name, answer.verdict.verdict).inc()
        return Judgement(picture, queue_ms, decode_ms, answers)


def _verdict(outputs: NDArray[np.float32], question: Question) -> Verdict:
    card = question.model.card
    return verdict.judge(
        verdict.fake_logit([float(value) for value in outputs], card.output),
        calibrator=card.calibrator if question.calibrate else NoCalibrator(),
        threshold=question.threshold,
        assumptions=question.model.assumptions,
    )


def _since(start: float) -> float:
    return (time.perf_counter() - start) * 1000
