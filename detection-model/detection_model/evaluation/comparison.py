"""Compares models on the same pictures: agreement, paired differences and McNemar's test.

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

# Split and class, then the SHA-256, or the data set and path of a picture without one.
_Key = tuple[str, ...]


@dataclass(frozen=True)
class ComparedPicture:
    """One picture with each model's probability of Fake (`fake`) and predicted class (`calls`)."""

    path: str
    label: ClassName
    sha256: str
    fake: dict[str, float]
    calls: dict[str, ClassName]

    @property
    def unanimous(self) -> bool:
        """All models predict the same class."""
        return len(set(self.calls.values())) == 1

    def is_correct(self, model: str) -> bool:
        """The model predicts the true class."""
        return self.calls[model] == self.label

    @property
    def errors(self) -> int:
        """Number of models that predict the wrong class."""
        return sum(not self.is_correct(model) for model in self.calls)


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
    """Compare models on the unperturbed pictures that all of them have predictions for.

    Perturbed copies are left out: they would count the same pictures twice. A picture is known by
    its SHA-256, whatever its data set is called; without one, by its path in that data set.

    Args:
        predictions: rows of predictions.csv, by model.
        thresholds: by model; a probability of Fake at or above it means Fake.
    """
    by_model = {name: _by_picture(rows) for name, rows in predictions.items()}
    first = next(iter(by_model.values()), {})
    shared = [key for key in first if all(key in rows for rows in by_model.values())]
    pictures = [
        _compared({name: rows[key] for name, rows in by_model.items()}, thresholds)
        for key in shared
    ]
    return Agreement(
        datasets=list(dict.fromkeys(f"{first[key].dataset}, {first[key].split}" for key in shared)),
        pictures=pictures,
        pairs=list(_pairs(list(predictions), pictures)),
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """McNemar's exact test: two-sided p-value of the split of the disagreements."""
    total = only_first + only_second
    tail = sum(comb(total, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, tail / 2 ** (total - 1)) if total else 1.0


def _by_picture(rows: Sequence[Prediction]) -> dict[_Key, Prediction]:
    """One unperturbed row for each picture: that of the largest data set which holds it."""
    originals = [row for row in rows if row.delivery == "original"]
    sizes = Counter(row.dataset for row in originals)
    by_picture: dict[_Key, Prediction] = {}
    for row in sorted(originals, key=lambda row: -sizes[row.dataset]):
        picture = (row.sha256,) if row.sha256 else (row.dataset, row.path)
        by_picture.setdefault((row.split, row.label, *picture), row)
    return by_picture


def _compared(rows: Mapping[str, Prediction], thresholds: Mapping[str, float]) -> ComparedPicture:
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
        only_first = sum(p.is_correct(first) and not p.is_correct(second) for p in pictures)
        only_second = sum(p.is_correct(second) and not p.is_correct(first) for p in pictures)
        yield Pair(first, second, only_first, only_second, mcnemar(only_first, only_second))


class Difference(BaseModel):
    """A metric's difference, second model minus first, with its interval."""

    first: str
    second: str
    metric: str
    difference: Estimate
    real: bool = Field(description="the 95 % interval excludes 0; 1 in 20 does so by chance")


class Comparison(BaseModel):
    """Metrics and differences on the pictures that all models have predictions for."""

    datasets: list[str]
    n_real: int
    n_fake: int
    thresholds: dict[str, float]
    metrics: dict[str, dict[str, Estimate]] = Field(description="by model and metric")
    differences: list[Difference]
    pairs: list[Pair]

    @property
    def title(self) -> str:
        """Data sets and sample sizes."""
        return f"{'; '.join(self.datasets)}: {self.n_real} real, {self.n_fake} fake"


def comparison(agreement: Agreement, thresholds: Mapping[str, float], seed: int = 0) -> Comparison:
    """Every metric of every model, and its difference for every pair of models.

    The intervals of differences come from the same resamples for both models (paired percentile
    bootstrap). A difference can be significant although the models' own intervals overlap.

    Raises:
        ValueError: the models share no pictures of both classes.
    """
    # The service imports this module and has no scikit-learn.
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
            estimate = as_estimate(
                values[second][metric] - values[first][metric],
                samples[second][metric] - samples[first][metric],
            )
            differences.append(
                Difference(
                    first=first,
                    second=second,
                    metric=metric,
                    difference=estimate,
                    real=estimate.low > 0 or estimate.high < 0,
                )
            )
    return Comparison(
        datasets=agreement.datasets,
        n_real=int((~labels).sum()),
        n_fake=int(labels.sum()),
        thresholds=dict(thresholds),
        metrics={
            name: {
                metric: as_estimate(value, samples[name][metric]) for metric, value in own.items()
            }
            for name, own in values.items()
        },
        differences=differences,
        pairs=agreement.pairs,
    )


def as_csv(result: Comparison) -> str:
    """The differences as CSV: one line for each pair and metric."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["first", "second", "metric", "difference", "low", "high", "real"])
    for difference in result.differences:
        writer.writerow(
            [
                difference.first,
                difference.second,
                difference.metric,
                *difference.difference.model_dump().values(),
                difference.real,
            ]
        )
    return file.getvalue()


def as_markdown(result: Comparison) -> str:
    """Markdown tables of the metrics, the differences and McNemar's test."""
    names = list(result.metrics)
    metrics = [
        [metric, *(_interval(result.metrics[name][metric]) for name in names)]
        for metric in result.metrics[names[0]]
    ]
    differences = [
        [
            f"{difference.second} - {difference.first}",
            difference.metric,
            _interval(difference.difference),
            _yes_or_no(difference.real),
        ]
        for difference in result.differences
    ]
    pairs = [
        [f"{p.first}, {p.second}", p.only_first_right, p.only_second_right, f"{p.p_value:.3f}"]
        for p in result.pairs
    ]
    return "\n".join(
        [
            f"{result.title}. 95 % bootstrap intervals; differences paired.\n",
            _table(["metric", *names], metrics),
            _table(["pair", "metric", "difference", "real"], differences),
            _table(["pair", "only first right", "only second right", "McNemar's p"], pairs),
        ]
    )


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _yes_or_no(real: bool) -> str:
    return "yes" if real else "no"


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"
