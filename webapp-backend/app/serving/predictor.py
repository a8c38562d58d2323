"""Decodes and judges pictures in bounded thread pools, beside the event loop."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from anyio import CapacityLimiter, to_thread
from numpy.typing import NDArray

from app.errors import unavailable
from app.serving.registry import ServedModel
from detection_model import images, verdict
from detection_model.card import InputSpec, NoCalibrator
from detection_model.images import Limits, Picture
from detection_model.verdict import Verdict

T = TypeVar("T")

# Of one measurement of speed: enough for a median, and short also for large models.
_WARM_UP = 2
_CALLS = 20
_MEASURE_MS = 2000.0


@dataclass(frozen=True)
class Timed:
    """A result with the milliseconds that it waited and ran."""

    queue: float
    run: float


@dataclass(frozen=True)
class Decoded:
    """A picture, and its sizes made so far."""

    picture: Picture
    milliseconds: float
    sizes: dict[InputSpec, NDArray[np.float32]]


@dataclass(frozen=True)
class Judged:
    """A verdict and what it took."""

    verdict: Verdict
    timing: Timed


class Predictor:
    """The way of a picture through the service, one step a method."""

    def __init__(self, limits: Limits, *, threads: int, max_pending: int) -> None:
        self._limits = limits
        self._decoding = CapacityLimiter(threads)
        # One model call uses all threads already.
        self._inferring = CapacityLimiter(1)
        self._max_pending = max_pending
        self._pending = 0

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Count a request in, or refuse it at once.

        Raises:
            ApiError: 503 when as many as are allowed are in work.
        """
        if self._pending >= self._max_pending:
            raise unavailable("busy", "Too many pictures at once. Try again in a second.")
        self._pending += 1
        try:
            yield
        finally:
            self._pending -= 1

    async def decode(self, data: bytes) -> Decoded:
        """Check and decode an upload.

        Raises:
            ImageError: it is no picture that is accepted.
        """
        start = time.perf_counter()
        picture = await to_thread.run_sync(
            images.decode, data, self._limits, limiter=self._decoding
        )
        return Decoded(picture, _since(start), {})

    async def judge(
        self, decoded: Decoded, model: ServedModel, *, threshold: float, calibrate: bool
    ) -> Judged:
        """One model's verdict."""
        spec = model.card.input
        if spec not in decoded.sizes:
            decoded.sizes[spec] = await to_thread.run_sync(
                images.to_input, decoded.picture.pixels, spec, limiter=self._decoding
            )
        batch = decoded.sizes[spec][None]
        outputs, timing = await _timed(lambda: model.engine(batch), self._inferring)
        return Judged(
            verdict.judge(
                verdict.fake_logit([float(value) for value in outputs[0]], model.card.output),
                calibrator=model.card.calibrator if calibrate else NoCalibrator(),
                threshold=threshold,
                assumptions=model.assumptions,
            ),
            timing,
        )

    async def measure(self, model: ServedModel) -> list[float]:
        """Milliseconds of each of some calls on one picture, waiting for its turn not counted."""
        shape = (1, model.card.input.height, model.card.input.width, 3)
        batch = np.random.default_rng(0).random(shape, np.float32)
        took: list[float] = []
        for call in range(_WARM_UP + _CALLS):
            _, timing = await _timed(lambda: model.engine(batch), self._inferring)
            took += [timing.run] if call >= _WARM_UP else []
            if sum(took) > _MEASURE_MS:
                break
        return took


async def _timed(work: Callable[[], T], limiter: CapacityLimiter) -> tuple[T, Timed]:
    start = time.perf_counter()

    def run() -> tuple[T, float, float]:
        began = time.perf_counter()
        result = work()
        return result, (began - start) * 1000, _since(began)

    result, queue, took = await to_thread.run_sync(run, limiter=limiter)
    return result, Timed(queue, took)


def _since(start: float) -> float:
    return (time.perf_counter() - start) * 1000
