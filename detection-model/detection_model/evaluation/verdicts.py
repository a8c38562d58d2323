"""Verdicts as people get them, uncertainty and all, counted by source of pictures."""

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

# Of the normal distribution, for 95 %.
_Z = 1.96
# Half the width of an interval that a figure is trusted with.
_TRUSTED = 0.05


class Share(NamedTuple):
    """A share of pictures with its 95 % interval (Wilson 1927), all in [0, 1]."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class SourceVerdicts:
    """Verdicts on the pictures of one source: how many of each kind."""

    label: ClassName
    source: str
    counts: Counter[VerdictName]

    @property
    def pictures(self) -> int:
        """In all."""
        return self.counts.total()

    def share(self, verdict: VerdictName) -> Share:
        """Of the pictures, those with this verdict."""
        return share(self.counts[verdict], self.pictures)


def count_verdicts(
    detector: Model,
    data: DataFolder,
    examples: Sequence[Example],
    progress: Progress = lambda _done, _total: None,
) -> list[SourceVerdicts]:
    """Ask for a verdict on every picture with the options that the API has by default.

    Pictures that cannot be decoded are left out.

    Returns:
        one entry for each class and folder below it, reals first.
    """
    found: dict[tuple[ClassName, str], Counter[VerdictName]] = {}
    for done, example in enumerate(examples, start=1):
        counts = found.setdefault((example.label, data.source(example)), Counter())
        with suppress(imaging.ImageError, OSError):
            counts[predict(detector, example.path).verdict.verdict] += 1
        progress(done, len(examples))
    order = sorted(found, key=lambda one: (one[0] != "Real", one[1]))
    return [SourceVerdicts(*kind, found[kind]) for kind in order if found[kind]]


def mean_share(sources: Sequence[SourceVerdicts], verdict: VerdictName, seed: int = 0) -> Share:
    """The mean over sources of a verdict's share, each source weighing the same.

    Its interval is of 1,000 means of shares that the counts allow (Jeffreys' prior), so that none
    of twenty is not taken for never.
    """
    rng = np.random.default_rng(seed)
    drawn = [
        rng.beta(one.counts[verdict] + 0.5, one.pictures - one.counts[verdict] + 0.5, 1000)
        for one in sources
    ]
    low, high = np.percentile(np.mean(drawn, axis=0), [2.5, 97.5])
    value = float(np.mean([one.counts[verdict] / one.pictures for one in sources]))
    return Share(value, min(value, float(low)), max(value, float(high)))


def share(count: int, total: int) -> Share:
    """`count` of `total` with Wilson's 95 % interval."""
    value = count / total
    centre = (value + _Z**2 / (2 * total)) / (1 + _Z**2 / total)
    half = _Z * np.sqrt(value * (1 - value) / total + (_Z / (2 * total)) ** 2) / (1 + _Z**2 / total)
    return Share(value, max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def pictures_needed(value: float) -> int:
    """Pictures for an interval of plus and minus five points round a share of this size."""
    spread = max(value * (1 - value), 0.05 * 0.95)
    return int(np.ceil(_Z**2 * spread / _TRUSTED**2))


@dataclass(frozen=True)
class FolderVerdicts:
    """Verdicts by file name and model, and the files that were no pictures."""

    models: list[str]
    verdicts: dict[str, dict[str, Verdict]]
    bad: list[BadPicture]

    def found(self, model: str) -> int:
        """Number of pictures that a model calls Fake."""
        return sum(by_model[model].prediction == "Fake" for by_model in self.verdicts.values())


def predict_folder(folder: Path, detectors: Mapping[str, Detector]) -> FolderVerdicts:
    """Model every file of a folder with every model; hidden files are passed over.

    A folder that is not there holds no pictures.
    """
    files = [p for p in folder.glob("*") if p.is_file() and not p.name.startswith(".")]
    verdicts: dict[str, dict[str, Verdict]] = {}
    bad = []
    for file in sorted(files):
        data = file.read_bytes()
        try:
            verdicts[file.name] = {
                name: predict(found, data).verdict for name, found in detectors.items()
            }
        except ImageError as error:
            bad.append(BadPicture(file, error.message))
    return FolderVerdicts(list(detectors), verdicts, bad)
