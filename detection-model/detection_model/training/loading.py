"""The pictures of a training, decoded once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detection_model import architectures
from detection_model.card import ClassName, InputSpec
from detection_model.data.decoding import Pictures, load_pictures
from detection_model.data.face_crops import load_portraits
from detection_model.data.folders import DataFolder, Example, SplitName, find_data
from detection_model.faces import face_or_whole
from detection_model.training.config import PortraitSettings, TrainConfig
from detection_model.training.reporting import Reporter
from detection_model.training.sampler import Mixture


@dataclass(frozen=True)
class TrainingData:
    """What is trained and validated on, and what run.json says of it."""

    folders: tuple[DataFolder, ...]
    spec: InputSpec
    train: Pictures | Mixture
    epoch_pictures: int
    validation: Pictures
    validation_weights: NDArray[np.float32] | None
    split: str
    examples: dict[str, int]
    fingerprint: str
    skipped: dict[str, str]
    written_split: dict[str, list[str]] | None


def load_data(config: TrainConfig, report: Reporter) -> TrainingData:
    """Decode the training and validation pictures.

    Raises:
        DataError: the data set is unusable.
    """
    recipe = architectures.ZOO[config.recipe]
    spec = recipe.input_spec(config.image_size or recipe.side)
    if config.portraits:
        return _load_portraits(config, config.portraits, spec, report)
    found = find_data(Path(config.data), seed=config.seed)

    def load(split: SplitName) -> Pictures:
        with report.decoding(split) as progress:
            pictures = load_pictures(found.split(split), spec, progress=progress)
        for bad in pictures.bad:
            report.bad(bad)
        return pictures

    train_pictures, validation = load("train"), load("validation")

    return TrainingData(
        folders=(found,),
        spec=spec,
        train=train_pictures,
        epoch_pictures=len(train_pictures.examples),
        validation=validation,
        validation_weights=None,
        split=found.how,
        examples=found.counts(),
        fingerprint=train_pictures.fingerprint,
        skipped={
            bad.path.relative_to(found.root).as_posix(): bad.reason
            for bad in train_pictures.bad + validation.bad
        },
        written_split=_drawn_split([found], found.root),
    )


def _load_portraits(
    config: TrainConfig, settings: PortraitSettings, spec: InputSpec, report: Reporter
) -> TrainingData:
    root = Path(config.data)
    spec = spec.model_copy(update={"face_margin": settings.margin})
    found = {name: find_data(root / name, seed=config.seed) for name in settings.names}

    def examples(split: SplitName) -> list[tuple[str, Example]]:
        every = [
            ("/".join(filter(None, (name, data.source(one)))), one)
            for name, data in found.items()
            for one in data.splits.get(split, [])
        ]
        return [(source, one) for source, one in every if source not in settings.left_out]

    with report.decoding("train") as progress:
        train = load_portraits(examples("train"), progress)
    mixture = Mixture.of(train, settings)
    source_of = {one: source for source, one in examples("validation")}
    with report.decoding("validation") as progress:
        validation = load_pictures(
            list(source_of),
            spec,
            change=lambda pixels, _sha256: face_or_whole(pixels, settings.margin),
            progress=progress,
        )
    for bad in train.bad + validation.bad:
        report.bad(bad)
    return TrainingData(
        folders=tuple(found.values()),
        spec=spec,
        train=mixture,
        epoch_pictures=settings.pictures,
        validation=validation,
        validation_weights=_weights(
            mixture, [(one.label, source_of[one]) for one in validation.examples]
        ),
        split="; ".join(f"{name}: {data.how}" for name, data in found.items()),
        examples={
            f"{name}/{part}": count
            for name, data in found.items()
            for part, count in data.counts().items()
            if count
        },
        fingerprint=train.fingerprint,
        skipped={
            bad.path.relative_to(root).as_posix(): bad.reason for bad in train.bad + validation.bad
        },
        written_split=_drawn_split(list(found.values()), root),
    )


def _drawn_split(folders: Sequence[DataFolder], root: Path) -> dict[str, list[str]] | None:
    """Paths below `root` by split, of the folders whose split was drawn; none without any."""
    drawn = [one for one in folders if one.drawn_with is not None]
    if not drawn:
        return None
    split: dict[str, list[str]] = {}
    for folder in drawn:
        for name, examples in folder.splits.items():
            paths = [example.path.relative_to(root).as_posix() for example in examples]
            split.setdefault(name, []).extend(paths)
    return split


def _weights(mixture: Mixture, kinds: Sequence[tuple[ClassName, str]]) -> NDArray[np.float32]:
    """Of validation pictures, (n,), mean 1: each source counts as much as training draws of it.

    A source that training does not draw counts nothing.
    """
    sizes = Counter(kinds)
    weights = np.asarray([mixture.share(*kind) / sizes[kind] for kind in kinds], np.float32)
    mean: NDArray[np.float32] = weights / (weights.mean() or 1)
    return mean
