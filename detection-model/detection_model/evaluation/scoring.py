"""Runs models on labelled pictures: scores, original or perturbed, and counts of verdicts.

Verdicts are those of the service, including uncertain ones, by source of pictures.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from detection_model import imaging, perturb
from detection_model.card import ClassName
from detection_model.data.folders import DataError, DataFolder, Example, find_data
from detection_model.data.preprocessing import BadPicture, OnBad, Progress, load_pictures
from detection_model.faces import face_or_whole
from detection_model.imaging import ImageError
from detection_model.inference.detector import Detector, Ensemble
from detection_model.inference.pipeline import predict
from detection_model.inference.verdict import Verdict, VerdictName, ensemble_logit

Bytes = NDArray[np.uint8]
Perturbation = Callable[[Bytes, np.random.Generator], Bytes]

ORIGINAL = "original"


def apply_perturbation(name: str, pixels: Bytes, sha256: str, seed: int = 0) -> Bytes:
    """Apply a named perturbation to uint8 RGB (h, w, 3); noise depends on seed and SHA-256.

    Raises:
        KeyError: no such perturbation.
    """
    rng = np.random.default_rng([seed, int(sha256[:16], 16)])
    return PERTURBATIONS[name](pixels, rng)


def in_families(names: Sequence[str]) -> list[str]:
    """The perturbations of the named families, weakest first; `all` means every family.

    Raises:
        KeyError: no such family.
    """
    families = FAMILIES if "all" in names else names
    return list(dict.fromkeys(name for family in families for name in FAMILIES[family]))


def _alike(pixels: Bytes, *, side: int, quality: int) -> Bytes:
    """Crop to a square of one size and encode as JPEG, to remove size and format cues."""
    square = ImageOps.fit(Image.fromarray(pixels), (side, side), Image.Resampling.BILINEAR)
    return perturb.jpeg(np.asarray(square), quality)


def _fixed(function: Callable[..., Bytes], **strength: float) -> Perturbation:
    return lambda pixels, _rng: function(pixels, **strength)


def _random(function: Callable[..., Bytes], **strength: float) -> Perturbation:
    return lambda pixels, rng: function(pixels, rng=rng, **strength)


FAMILIES: dict[str, dict[str, Perturbation]] = {
    "jpeg": {f"jpeg-q{q}": _fixed(perturb.jpeg, quality=q) for q in (100, 90, 75, 60, 40)},
    "blur": {f"blur-{s:g}": _fixed(perturb.blur, sigma=s) for s in (0.5, 1, 2, 3)},
    "resize": {f"resize-{f:g}": _fixed(perturb.scale, factor=f) for f in (0.75, 0.5, 0.25)},
    "noise": {f"noise-{s}": _random(perturb.noise, std=s) for s in (2, 5, 10)},
    "occlusion": {f"occlusion-{s:g}": _random(perturb.occlude, share=s) for s in (0.05, 0.1, 0.2)},
    "lighting": {
        **{f"gamma-{e:g}": _fixed(perturb.gamma, exponent=e) for e in (0.5, 0.75, 1.5, 2)},
        **{f"shade-{d:g}": _random(perturb.shade, darkest=d) for d in (0.6, 0.3)},
    },
    "alike": {"alike": _fixed(_alike, side=224, quality=75)},
}
PERTURBATIONS: dict[str, Perturbation] = {
    ORIGINAL: lambda pixels, _rng: pixels,
    **{name: function for family in FAMILIES.values() for name, function in family.items()},
}


Model = Detector | Ensemble


@dataclass(frozen=True)
class ScoredPictures:
    """Log-odds of Fake before calibration (`logits`) of each example, and unreadable files."""

    examples: list[Example]
    hashes: list[str]
    logits: list[float]
    bad: list[BadPicture]


def score(
    detector: Model,
    examples: Sequence[Example],
    perturbation: str = ORIGINAL,
    *,
    decoding: Progress = lambda _done, _total: None,
    predicting: Progress = lambda _done, _total: None,
) -> ScoredPictures:
    """Score every example under a perturbation.

    Raises:
        DataError: no picture could be read.
    """
    if isinstance(detector, Ensemble):
        by_member = [
            score(member, examples, perturbation, decoding=decoding, predicting=predicting)
            for member in detector.members
        ]
        rows = zip(*(scores.logits for scores in by_member), strict=True)
        logits = [ensemble_logit(detector.card, members) for members in rows]
        return ScoredPictures(by_member[0].examples, by_member[0].hashes, logits, by_member[0].bad)
    spec = detector.card.input

    def change(pixels: NDArray[np.uint8], sha256: str) -> NDArray[np.uint8]:
        # As in serving, the face is detected in the perturbed picture.
        return face_or_whole(apply_perturbation(perturbation, pixels, sha256), spec.face_margin)

    pictures = load_pictures(examples, spec, change=change, progress=decoding)
    logits = []
    for logit in detector.fake_logits(pictures.pixels):
        logits.append(logit)
        predicting(len(logits), len(pictures.examples))
    return ScoredPictures(pictures.examples, pictures.hashes, logits, pictures.bad)


def data_for(detectors: Sequence[Model], data: Path) -> DataFolder:
    """A data set with the split that the models were trained with.

    Another split would evaluate them on their training pictures.

    Raises:
        DataError: the data set is unusable, or the models drew different splits of it.
    """
    models = [
        model
        for detector in detectors
        for model in (detector.members if isinstance(detector, Ensemble) else [detector])
    ]
    seeds = {model.card.training.seed for model in models if model.card.training}
    folder = find_data(data, seed=min(seeds, default=0))
    if folder.split_seed is not None and len(seeds) > 1:
        raise DataError(
            f"{data}: the models were trained with different seeds, so the test pictures of one "
            "are training pictures of another; use Train, Validation and Test folders"
        )
    return folder


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
    on_bad: OnBad = lambda _bad: None,
) -> list[SourceVerdicts]:
    """Predict every picture with the API's default options.

    Args:
        detector: the model or ensemble.
        data: the data set of the examples.
        examples: the pictures.
        progress: called with (done, total) pictures.
        on_bad: called with each picture that cannot be read; it is left out.

    Returns:
        one entry for each class and subfolder, reals first.
    """
    by_kind: dict[tuple[ClassName, str], Counter[VerdictName]] = {}
    for done, example in enumerate(examples, start=1):
        counts = by_kind.setdefault((example.label, data.source(example)), Counter())
        try:
            counts[predict(detector, example.path).verdict.verdict] += 1
        except imaging.ImageError as error:
            on_bad(BadPicture(example.path, error.message))
        except OSError as error:
            on_bad(BadPicture(example.path, error.strerror or "cannot be read"))
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
