"""Load shedding: admits a request only if it will start soon, else refuses it at once."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil

from app.core.errors import UnavailableError

# Seconds of a call before any was measured, and the weight of a new measurement in the mean.
_FIRST_GUESS = 0.02
_FOLLOW = 0.1
# Share of the wait that requests for one model may fill, so that others are admitted too.
_SHARE_OF_ONE = 0.5


class Admission:
    """Estimates the queued work in seconds from the mean time of each model's calls."""

    def __init__(self, *, threads: int, max_wait: float) -> None:
        self._threads = threads
        self._max_wait = max_wait
        self._means: dict[str, float] = {}
        self._ahead: Counter[str] = Counter()
        self.inside = 0

    @contextmanager
    def admitted(self, models: Sequence[str]) -> Iterator[None]:
        """Admit a request for some models while the block runs.

        Raises:
            UnavailableError: it would wait longer than allowed.
        """
        wait = self.expected_wait()
        busiest = max((self._seconds(model) for model in models), default=0.0)
        must_wait = self.inside >= self._threads
        too_long = wait > self._max_wait or busiest > self._max_wait * _SHARE_OF_ONE
        if must_wait and too_long:
            raise UnavailableError(
                "busy",
                "Too many pictures at once. Try again in a moment.",
                max(1, ceil(wait)),
            )
        self.enter(models)
        try:
            yield
        finally:
            self.leave(models)

    def enter(self, models: Sequence[str]) -> None:
        """Count work that is here already."""
        self._ahead.update(models)
        self.inside += 1

    def leave(self, models: Sequence[str]) -> None:
        """Stop counting it."""
        self.inside -= 1
        self._ahead.subtract(models)
        self._ahead = +self._ahead  # drops models without requests

    def learn(self, model: str, seconds: float) -> None:
        """Update the mean with the seconds of a call."""
        mean = self._means.get(model, seconds)
        self._means[model] = mean + _FOLLOW * (seconds - mean)

    def expected_wait(self) -> float:
        """Expected seconds until a new request starts."""
        return sum(self._seconds(model) for model in self._ahead)

    def _seconds(self, model: str) -> float:
        """Queued seconds of one model, spread over all threads."""
        return self._ahead[model] * self._means.get(model, _FIRST_GUESS) / self._threads
