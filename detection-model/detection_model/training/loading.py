"""Training data: pictures decoded once, and the batches that Keras reads."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detection_model import architectures
from detection_model.card import ClassName, InputSpec
from detection_model.data.decoding import Pictures, load_pictures
from detection_model.data.face_crops import load_face_crops
from detection_model.data.folders import DataFolder, Example, SplitName, find_data
from detection_model.faces import face_or_whole
from detection_model.training.config import FaceCropSettings, TrainConfig
from detection_model.training.run import Reporter
from detection_model.training.sampler import CropSampler


@dataclass(frozen=True)
class TrainingData:
    """Training and validation data, with their description for run.json."""

    folders: tuple[DataFolder, ...]
    spec: InputSpec
    train: Pictures | CropSampler
    epoch_pictures: int
    validation: Pictures
    validation_weights: NDArray[np.float32] | None
    split: str
    examples: dict[str, int]
    fingerprint: str
    skipped: dict[str, str]
    split_paths: dict[str, list[str]] | None


def load_data(config: TrainConfig, report: Reporter) -> TrainingData:
    """Decode the training and validation pictures.

    Raises:
        DataError: the data set is unusable.
    """
    recipe = architectures.ZOO[config.recipe]
    spec = recipe.input_spec(config.image_size or recipe.side)
    if config.portraits:
        return _load_face_crops(config, config.portraits, spec, report)
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
        split=found.split_origin,
        examples=found.counts(),
        fingerprint=train_pictures.fingerprint,
        skipped={
            bad.path.relative_to(found.root).as_posix(): bad.reason
            for bad in train_pictures.bad + validation.bad
        },
        split_paths=_drawn_split_paths([found], found.root),
    )


def _load_face_crops(
    config: TrainConfig, settings: FaceCropSettings, spec: InputSpec, report: Reporter
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
        train = load_face_crops(examples("train"), progress)
    mixture = CropSampler.of(train, settings)
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
        split="; ".join(f"{name}: {data.split_origin}" for name, data in found.items()),
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
        split_paths=_drawn_split_paths(list(found.values()), root),
    )


def _drawn_split_paths(folders: Sequence[DataFolder], root: Path) -> dict[str, list[str]] | None:
    """Paths below `root` by split, of the folders whose split was drawn; none without any."""
    drawn = [one for one in folders if one.split_seed is not None]
    if not drawn:
        return None
    split: dict[str, list[str]] = {}
    for folder in drawn:
        for name, examples in folder.splits.items():
            paths = [example.path.relative_to(root).as_posix() for example in examples]
            split.setdefault(name, []).extend(paths)
    return split


def _weights(mixture: CropSampler, kinds: Sequence[tuple[ClassName, str]]) -> NDArray[np.float32]:
    """Of validation pictures, (n,), mean 1: each source counts as much as training draws of it.

    A source that training does not draw counts nothing.
    """
    sizes = Counter(kinds)
    weights = np.asarray([mixture.share(*kind) / sizes[kind] for kind in kinds], np.float32)
    mean: NDArray[np.float32] = weights / (weights.mean() or 1)
    return mean


# A picture, uint8 RGB (h, w, 3), as it is to be trained on; the same for the same generator.
PictureTransform = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]


def training_batches(
    pictures: Pictures,
    spec: InputSpec,
    *,
    batch_size: int,
    seed: int,
    first_epoch: int,
    targets: NDArray[np.float32] | None = None,
    alter: PictureTransform | None = None,
) -> Any:
    """Endless tf.data of (float32 (b, h, w, 3), float32 (b, 1)), shuffled in each epoch.

    Epoch `e` has the same order, and each picture in it the same alteration, whether training
    began at 0 or was resumed at `e`.

    Args:
        pictures: decoded.
        spec: what the model takes.
        batch_size: the last batch of an epoch may be smaller.
        seed: of order and alteration.
        first_epoch: to begin with.
        targets: float32 (n,), instead of the pictures' own.
        alter: applied to each picture.
    """
    import tensorflow as tf

    count = len(pictures.examples)

    def order(epoch: Any) -> Any:
        seeds = tf.stack([tf.cast(seed, tf.int64), epoch])
        shuffled = tf.random.experimental.stateless_shuffle(tf.range(count), seeds)
        indexes = tf.data.Dataset.from_tensor_slices(shuffled).batch(batch_size)
        return indexes.map(lambda index: (index, epoch))

    indexes = tf.data.Dataset.counter(start=first_epoch).flat_map(order)
    own = pictures.targets if targets is None else targets
    return _load(indexes, pictures, spec, own, alter, seed)


def validation_batches(
    pictures: Pictures,
    spec: InputSpec,
    *,
    batch_size: int,
    weights: NDArray[np.float32] | None = None,
) -> Any:
    """One pass in the pictures' own order, shaped as `training_batches`.

    With `weights`, float32 (n,), each batch has its pictures' as a third part.
    """
    import tensorflow as tf

    indexes = tf.data.Dataset.range(len(pictures.examples)).batch(batch_size)
    once = indexes.map(lambda index: (tf.cast(index, tf.int32), tf.constant(0, tf.int64)))
    loaded = _load(once, pictures, spec, pictures.targets, None, 0)
    if weights is None:
        return loaded
    weighed = tf.data.Dataset.from_tensor_slices(weights).batch(batch_size)
    return tf.data.Dataset.zip(loaded, weighed).map(lambda batch, weight: (*batch, weight))


def _load(
    indexes: Any,
    pictures: Pictures,
    spec: InputSpec,
    targets: NDArray[np.float32],
    alter: PictureTransform | None,
    seed: int,
) -> Any:
    import tensorflow as tf

    def gather(index: Any, epoch: Any) -> tuple[Any, Any]:
        # Sorted access is kind to a memory-mapped file; the order inside a batch is free.
        at = np.sort(index)
        pixels = pictures.pixels[at]
        if alter is not None:
            for row, number in enumerate(at):
                pixels[row] = alter(pixels[row], np.random.default_rng([seed, epoch, number]))
        return pixels, targets[at, None]

    def load(index: Any, epoch: Any) -> tuple[Any, Any]:
        # Python hands over bytes, a quarter of the floats, and keeps its lock as short as that.
        pixels, target = tf.numpy_function(gather, [index, epoch], (tf.uint8, tf.float32))
        pixels.set_shape((None, spec.height, spec.width, 3))
        target.set_shape((None, 1))
        return scaled(pixels, spec), target

    workers = 2 if alter is None else max(2, os.cpu_count() or 2)
    # As Keras does for its own: the thread that tunes waits for Python's lock in the moment when
    # Python takes the data set down, holds the lock and waits for the thread.
    options = tf.data.Options()
    options.autotune.enabled = False
    loaded = indexes.map(load, num_parallel_calls=workers, deterministic=True)
    return loaded.prefetch(2).with_options(options)


def scaled(pixels: Any, spec: InputSpec) -> Any:
    """`images.scale` on tensors, outside of Python's lock: uint8 (..., 3) to float32."""
    import tensorflow as tf

    low, high = spec.value_range
    values = tf.cast(pixels, tf.float32)
    if (low, high) != (0, 255):
        values = values * ((high - low) / 255) + low
    if spec.mean is not None:
        values -= spec.mean
    if spec.std is not None:
        values /= spec.std
    return values if spec.channels == "RGB" else values[..., ::-1]
