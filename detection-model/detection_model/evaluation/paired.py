"""Is one model better than another? Differences on the same pictures and the same resamples."""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from pydantic import BaseModel, Field

from detection_model.evaluation.agreement import Agreement, Pair
from detection_model.evaluation.bootstrap import as_estimate, resampled_metrics
from detection_model.evaluation.metrics import Labels, all_metrics
from detection_model.evaluation.records import Estimate


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
        """What was measured on."""
        return f"{'; '.join(self.datasets)}: {self.n_real} real, {self.n_fake} fake"


def comparison(agreement: Agreement, thresholds: Mapping[str, float], seed: int = 0) -> Comparison:
    """Every metric of every model, and of every pair the difference.

    Its interval is from resamples that are the same for both models (paired percentile
    bootstrap): two intervals that overlap may well hide a real difference.

    Raises:
        ValueError: the models share no pictures of both classes.
    """
    pictures = agreement.pictures
    labels: Labels = np.asarray([picture.label == "Fake" for picture in pictures], np.bool_)
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
