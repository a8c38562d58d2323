"""Several models on the same pictures: where they agree, and whether one is better than chance.

Pure functions on the rows of predictions.csv.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

from detection_model.card import ClassName
from detection_model.evaluation.records import Prediction

# Data set, split, delivery, path and SHA-256.
_Key = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Judged:
    """One picture as each model calls it; `fake` and `calls` are by model."""

    path: str
    label: ClassName
    sha256: str
    fake: dict[str, float]
    calls: dict[str, ClassName]

    @property
    def unanimous(self) -> bool:
        """All models call it the same."""
        return len(set(self.calls.values())) == 1

    def right(self, model: str) -> bool:
        """The model calls it what it is."""
        return self.calls[model] == self.label

    @property
    def wrong(self) -> int:
        """Models that call it what it is not."""
        return sum(not self.right(model) for model in self.calls)


@dataclass(frozen=True)
class Pair:
    """Two models on the same pictures, with McNemar's exact test (1947; two-sided)."""

    first: str
    second: str
    only_first_right: int
    only_second_right: int
    p_value: float


@dataclass(frozen=True)
class Agreement:
    """The pictures that every model was measured on, and every pair of models."""

    datasets: list[str]
    pictures: list[Judged]
    pairs: list[Pair]


def compare(
    predictions: Mapping[str, Sequence[Prediction]], thresholds: Mapping[str, float]
) -> Agreement:
    """Compare models on the pictures that are in all of their predictions, as they lie there.

    Other deliveries are left out: they are the same pictures again.

    Args:
        predictions: of each model, the rows of its predictions.csv.
        thresholds: of each model; Fake from there on.
    """
    by_model = {
        name: {_key(row): row for row in rows if row.delivery == "original"}
        for name, rows in predictions.items()
    }
    keys = list(dict.fromkeys(key for rows in by_model.values() for key in rows))
    shared = _distinct([key for key in keys if all(key in rows for rows in by_model.values())])
    pictures = [
        _judged({name: rows[key] for name, rows in by_model.items()}, thresholds) for key in shared
    ]
    return Agreement(
        datasets=list(dict.fromkeys(f"{dataset}, {split}" for dataset, split, *_ in shared)),
        pictures=pictures,
        pairs=list(_pairs(list(predictions), pictures)),
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value: could so uneven a split of the disagreements be chance?"""
    total = only_first + only_second
    tail = sum(comb(total, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, tail / 2 ** (total - 1)) if total else 1.0


def _distinct(keys: Sequence[_Key]) -> list[_Key]:
    """Each picture once, for the test counts pictures: of data sets that share it, in the larger.

    Without a hash a picture counts as one of its own.
    """
    sizes = Counter(dataset for dataset, *_ in keys)
    found: dict[str | _Key, _Key] = {}
    for key in sorted(keys, key=lambda key: -sizes[key[0]]):
        found.setdefault(key[-1] or key, key)
    return [*found.values()]


def _key(row: Prediction) -> _Key:
    # The hash, where it was written: the same name may be another picture elsewhere.
    return row.dataset, row.split, row.delivery, row.path, row.sha256


def _judged(rows: Mapping[str, Prediction], thresholds: Mapping[str, float]) -> Judged:
    any_row = next(iter(rows.values()))
    return Judged(
        path=any_row.path,
        label="Fake" if any_row.label == "Fake" else "Real",
        sha256=any_row.sha256,
        fake={name: row.fake for name, row in rows.items()},
        calls={
            name: "Fake" if row.fake >= thresholds[name] else "Real" for name, row in rows.items()
        },
    )


def _pairs(names: Sequence[str], pictures: Sequence[Judged]) -> Iterator[Pair]:
    for first, second in combinations(names, 2):
        only_first = sum(p.right(first) and not p.right(second) for p in pictures)
        only_second = sum(p.right(second) and not p.right(first) for p in pictures)
        yield Pair(first, second, only_first, only_second, mcnemar(only_first, only_second))
