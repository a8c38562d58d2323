"""Several models on the same pictures: where they agree, and whether one is better than chance.

Pure functions on the rows of predictions.csv.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from pydantic import BaseModel, Field

from detection_model.card import ClassName
from detection_model.evaluation.records import Estimate, Prediction

# Data set, split, delivery, path and SHA-256.
_Key = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class ComparedPicture:
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
    pictures: list[ComparedPicture]
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


def _judged(rows: Mapping[str, Prediction], thresholds: Mapping[str, float]) -> ComparedPicture:
    any_row = next(iter(rows.values()))
    return ComparedPicture(
        path=any_row.path,
        label="Fake" if any_row.label == "Fake" else "Real",
        sha256=any_row.sha256,
        fake={name: row.fake for name, row in rows.items()},
        calls={
            name: "Fake" if row.fake >= thresholds[name] else "Real" for name, row in rows.items()
        },
    )


def _pairs(names: Sequence[str], pictures: Sequence[ComparedPicture]) -> Iterator[Pair]:
    for first, second in combinations(names, 2):
        only_first = sum(p.right(first) and not p.right(second) for p in pictures)
        only_second = sum(p.right(second) and not p.right(first) for p in pictures)
        yield Pair(first, second, only_first, only_second, mcnemar(only_first, only_second))


class Difference(BaseModel):
    """A metric of two models, and that of the second less that of the first with its interval."""

    first: str
    second: str
    metric: str
    difference: Estimate
    real: bool = Field(description="the 95 % interval leaves out 0; 1 in 20 does so by chance")


class Comparison(BaseModel):
    """Models on the pictures that all of them have judged."""

    datasets: list[str]
    n_real: int
    n_fake: int
    thresholds: dict[str, float]
    metrics: dict[str, dict[str, Estimate]] = Field(description="by model and metric")
    differences: list[Difference]
    pairs: list[Pair]

    @property
    def title(self) -> str:
        """Data set of the comparison."""
        return f"{'; '.join(self.datasets)}: {self.n_real} real, {self.n_fake} fake"


def comparison(agreement: Agreement, thresholds: Mapping[str, float], seed: int = 0) -> Comparison:
    """Every metric of every model, and of every pair the difference.

    Its interval is from resamples that are the same for both models (paired percentile
    bootstrap): two intervals that overlap may well hide a real difference.

    Raises:
        ValueError: the models share no pictures of both classes.
    """
    # Imported here: the service compares models without scikit-learn.
    from detection_model.evaluation.metrics import all_metrics, as_estimate, resampled_metrics

    pictures = agreement.pictures
    labels = np.asarray([picture.label == "Fake" for picture in pictures], np.bool_)
    if not labels.any() or labels.all():
        raise ValueError("the models share no measured pictures of both classes")
    scores = {name: np.asarray([p.fake[name] for p in pictures]) for name in thresholds}
    values = {name: all_metrics(labels, scores[name], at) for name, at in thresholds.items()}
    samples = {
        name: resampled_metrics(labels, scores[name], at, seed) for name, at in thresholds.items()
    }
    differences = []
    for first, second in combinations(thresholds, 2):
        for metric in values[first]:
            found = as_estimate(
                values[second][metric] - values[first][metric],
                samples[second][metric] - samples[first][metric],
            )
            differences.append(
                Difference(
                    first=first,
                    second=second,
                    metric=metric,
                    difference=found,
                    real=found.low > 0 or found.high < 0,
                )
            )
    return Comparison(
        datasets=agreement.datasets,
        n_real=int((~labels).sum()),
        n_fake=int(labels.sum()),
        thresholds=dict(thresholds),
        metrics={
            name: {
                metric: as_estimate(value, samples[name][metric]) for metric, value in of.items()
            }
            for name, of in values.items()
        },
        differences=differences,
        pairs=agreement.pairs,
    )


def as_csv(found: Comparison) -> str:
    """A line a pair and metric."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["first", "second", "metric", "difference", "low", "high", "real"])
    for one in found.differences:
        writer.writerow(
            [one.first, one.second, one.metric, *one.difference.model_dump().values(), one.real]
        )
    return file.getvalue()


def as_markdown(found: Comparison) -> str:
    """A table of the metrics, one of the differences, one of McNemar's test."""
    names = list(found.metrics)
    metrics = [
        [metric, *(_interval(found.metrics[name][metric]) for name in names)]
        for metric in found.metrics[names[0]]
    ]
    differences = [
        [f"{one.second} - {one.first}", one.metric, _interval(one.difference), _said(one.real)]
        for one in found.differences
    ]
    pairs = [
        [f"{p.first}, {p.second}", p.only_first_right, p.only_second_right, f"{p.p_value:.3f}"]
        for p in found.pairs
    ]
    return "\n".join(
        [
            f"{found.title}. 95 % bootstrap intervals; differences paired.\n",
            _table(["metric", *names], metrics),
            _table(["pair", "metric", "difference", "real"], differences),
            _table(["pair", "only first right", "only second right", "McNemar's p"], pairs),
        ]
    )


def _interval(found: Estimate) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def _said(real: bool) -> str:
    return "yes" if real else "no"


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"
