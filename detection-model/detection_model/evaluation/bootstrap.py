"""95 % intervals by the bootstrap (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993).

Percentiles over 1,000 resamples, drawn within each class, so that the class sizes stay as they
were measured. The same seed and labels give the same resamples, whatever the scores.
"""

from collections.abc import Iterator

import numpy as np

from detection_model.evaluation.metrics import Counts, Labels, Scores, all_metrics, counted_metrics
from detection_model.evaluation.records import Estimate

RESAMPLES = 1000
# Numbers in one block of resamples: some 16 MB an array.
_BLOCK = 2_000_000


def estimate(
    labels: Labels, scores: Scores, threshold: float, seed: int = 0
) -> dict[str, Estimate]:
    """Each metric with its interval, rounded to 4 decimals."""
    samples = resampled_metrics(labels, scores, threshold, seed)
    return {
        name: as_estimate(value, samples[name])
        for name, value in all_metrics(labels, scores, threshold).items()
    }


def resampled_metrics(
    labels: Labels, scores: Scores, threshold: float, seed: int = 0
) -> dict[str, Scores]:
    """Each metric of every resample, (RESAMPLES,); paired with other scores of the same labels."""
    blocks = [
        counted_metrics(labels, scores, threshold, counts) for counts in resamples(labels, seed)
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def resamples(labels: Labels, seed: int = 0) -> Iterator[Counts]:
    """How often each picture is in each resample: RESAMPLES rows of n counts, in blocks."""
    rng = np.random.default_rng(seed)
    classes = [np.flatnonzero(~labels), np.flatnonzero(labels)]
    at_once = max(1, _BLOCK // len(labels))
    for start in range(0, RESAMPLES, at_once):
        counts = np.empty((min(at_once, RESAMPLES - start), len(labels)))
        for row in counts:
            drawn = [rng.choice(members, len(members)) for members in classes if len(members)]
            row[:] = np.bincount(np.concatenate(drawn), minlength=len(labels))
        yield counts


def as_estimate(value: float, samples: Scores) -> Estimate:
    """A value between the 2.5th and 97.5th percentile of its resamples."""
    numbers = [value, *np.percentile(samples, [2.5, 97.5]).tolist()]
    rounded = [round(number, 4) + 0.0 for number in numbers]  # + 0.0: never minus zero
    return Estimate(value=rounded[0], low=rounded[1], high=rounded[2])
