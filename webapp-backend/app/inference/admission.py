"""Who may wait: a request is let in only if its turn comes soon, else refused at once."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil

from app.core.errors import UnavailableError

# Of a model's seconds a call, until some were measured and how fast the mean follows.
_FIRST_GUESS = 0.02
_FOLLOW = 0.1
# One model's crowd may fill this share of the wait, so that others still get in.
_SHARE_OF_ONE = 0.5


class Admission:
    """Counts the work ahead in seconds, by what each model's calls have taken so far."""

    def __init__(self, *, threads: int, max_wait: float) -> None:
        self._threads = threads
        self._max_wait = max_wait
        self._means: dict[str, float] = {}
        self._ahead: Counter[str] = Counter()
        self.inside = 0

    @contextmanager
    def admitted(self, models: Sequence[str]) -> Iterator[None]:
        """Count a request for some models in for as long as the block lasts.

        Raises:
            UnavailableError: when it would wait longer than allowed.
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
        self._ahead.update(models)
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1
            self._ahead.subtract(models)
            self._ahead = +self._ahead  # models that left are forgotten

    def learn(self, model: str, seconds: float) -> None:
        """Take note of what a call took."""
        mean = self._means.get(model, seconds)
        self._means[model] = mean + _FOLLOW * (seconds - mean)

    def expected_wait(self) -> float:
        """Seconds until a request that comes now would have its turn."""
        return sum(self._seconds(model) for model in self._ahead)

    def _seconds(self, model: str) -> float:
        """Work ahead for one model, spread over all threads."""
        return self._ahead[model] * self._means.get(model, _FIRST_GUESS) / self._threads
