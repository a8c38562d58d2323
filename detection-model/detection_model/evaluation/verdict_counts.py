"""Counts the service's verdicts, including uncertain ones, by source of pictures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from detection_model import imaging
from detection_model.card import ClassName
from detection_model.data.decoding import BadPicture, Progress
from detection_model.data.folders import DataFolder, Example
from detection_model.evaluation.scoring import Model
from detection_model.imaging import ImageError
from detection_model.inference.detector import Detector
from detection_model.inference.pipeline import predict
from detection_model.inference.verdict import Verdict, VerdictName

# Quantile of the normal distribution for 95 % intervals.
_Z = 1.96
# Largest half width of a trustworthy interval.
_TRUSTED = 0.05


class Share(NamedTuple):
    """A share of pictures with its 95 % interval (Wilson 1927), all in [0, 1]."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class SourceVerdicts:
    """Number of each verdict on the pictures of one source."""

    label: ClassName
    source: str
    counts: Counter[VerdictName]

    @property
    def pictures(self) -> int:
        """Total number of pictures."""
        return self.counts.total()

    def share(self, verdict: VerdictName) -> Share:
        """Share of pictures with this verdict."""
        return share(self.counts[verdict], self.pictures)


def count_verdicts(
    detector: Model,
    data: DataFolder,
    examples: Sequence[Example],
    progress: Progress = lambda _done, _total: None,
) -> list[SourceVerdicts]:
    """Predict every picture with the API's default options; undecodable pictures are left out.

    Returns:
        one entry for each class and subfolder, reals first.
    """
    by_kind: dict[tuple[ClassName, str], Counter[VerdictName]] = {}
    for done, example in enumerate(examples, start=1):
        counts = by_kind.setdefault((example.label, data.source(example)), Counter())
        with suppress(imaging.ImageError, OSError):
            counts[predict(detector, example.path).verdict.verdict] += 1
        progress(done, len(examples))
    order = sorted(by_kind, key=lambda kind: (kind[0] != "Real", kind[1]))
    return [SourceVerdicts(*kind, by_kind[kind]) for kind in order if by_kind[kind]]


def mean_share(sources: Sequence[SourceVerdicts], verdict: VerdictName, seed: int = 0) -> Share:
    """A verdict's share, averaged over sources with equal weights.

    The interval comes from 1,000 posterior samples with Jeffreys' prior, so that 0 of 20 pictures
    does not give an interval of zero width.
    """
    rng = np.random.default_rng(seed)
    samples = [
        rng.beta(source.counts[verdict] + 0.5, source.pictures - source.counts[verdict] + 0.5, 1000)
        for source in sources
    ]
    low, high = np.percentile(np.mean(samples, axis=0), [2.5, 97.5])
    value = float(np.mean([source.counts[verdict] / source.pictures for source in sources]))
    return Share(value, min(value, float(low)), max(value, float(high)))


def share(count: int, total: int) -> Share:
    """`count` of `total` with Wilson's 95 % interval."""
    value = count / total
    centre = (value + _Z**2 / (2 * total)) / (1 + _Z**2 / total)
    half = _Z * np.sqrt(value * (1 - value) / total + (_Z / (2 * total)) ** 2) / (1 + _Z**2 / total)
    return Share(value, max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def pictures_needed(value: float) -> int:
    """Number of pictures for an interval of plus or minus five points around this share."""
    spread = max(value * (1 - value), 0.05 * 0.95)
    return int(np.ceil(_Z**2 * spread / _TRUSTED**2))


@dataclass(frozen=True)
class FolderVerdicts:
    """Verdicts by file name and model, and the files that are not pictures."""

    models: list[str]
    verdicts: dict[str, dict[str, Verdict]]
    bad: list[BadPicture]

    def fakes(self, model: str) -> int:
        """Number of pictures that a model calls Fake."""
        return sum(by_model[model].prediction == "Fake" for by_model in self.verdicts.values())


def predict_folder(folder: Path, detectors: Mapping[str, Detector]) -> FolderVerdicts:
    """Predict every file of a folder with every model; hidden files are skipped.

    A missing folder is treated as empty.
    """
    files = [p for p in folder.glob("*") if p.is_file() and not p.name.startswith(".")]
    verdicts: dict[str, dict[str, Verdict]] = {}
    bad = []
    for file in sorted(files):
        data = file.read_bytes()
        try:
            verdicts[file.name] = {
                name: predict(detector, data).verdict for name, detector in detectors.items()
            }
        except ImageError as error:
            bad.append(BadPicture(file, error.message))
    return FolderVerdicts(list(detectors), verdicts, bad)
