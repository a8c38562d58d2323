"""Loads the training data: pictures decoded once, and batches for Keras."""

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
from detection_model.data.folders import DataFolder, Example, SplitName, find_data
from detection_model.data.picture_files import relative_name
from detection_model.data.preprocessing import Pictures, load_face_crops, load_pictures
from detection_model.faces import face_or_whole
from detection_model.training.config import FaceCropSettings, TrainConfig
from detection_model.training.run import Reporter
from detection_model.training.sampler import CropSampler
from detection_model.training.workers import ALONE, Workers


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
    recipe = architectures.RECIPES[config.recipe]
    spec = recipe.input_spec(config.image_size or recipe.side)
    if config.portraits:
        return _load_face_crops(config, config.portraits, spec, report)
    folder = find_data(Path(config.data), seed=config.seed)

    def load(split: SplitName) -> Pictures:
        with report.decoding(split) as progress:
            pictures = load_pictures(folder.split(split), spec, progress=progress)
        for bad in pictures.bad:
            report.bad(bad)
        return pictures

    train_pictures, validation = load("train"), load("validation")

    return TrainingData(
        folders=(folder,),
        spec=spec,
        train=train_pictures,
        epoch_pictures=len(train_pictures.examples),
        validation=validation,
        validation_weights=None,
        split=folder.split_origin,
        examples=folder.counts(),
        fingerprint=train_pictures.fingerprint,
        skipped={
            relative_name(bad.path, folder.root): bad.reason
            for bad in train_pictures.bad + validation.bad
        },
        split_paths=_random_split_paths([folder], folder.root),
    )


def _load_face_crops(
    config: TrainConfig, settings: FaceCropSettings, spec: InputSpec, report: Reporter
) -> TrainingData:
    root = Path(config.data)
    spec = spec.model_copy(update={"face_margin": settings.margin})
    folders = {name: find_data(root / name, seed=config.seed) for name in settings.names}

    def examples(split: SplitName) -> list[tuple[str, Example]]:
        examples_by_source = [
            ("/".join(filter(None, (name, data.source(example)))), example)
            for name, data in folders.items()
            for example in data.splits.get(split, [])
        ]
        return [
            (source, example)
            for source, example in examples_by_source
            if source not in settings.left_out
        ]

    with report.decoding("train") as progress:
        train = load_face_crops(examples("train"), progress)
    mixture = CropSampler.of(train, settings)
    source_of = {example: source for source, example in examples("validation")}
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
        folders=tuple(folders.values()),
        spec=spec,
        train=mixture,
        epoch_pictures=settings.pictures,
        validation=validation,
        validation_weights=source_weights(
            mixture, [(example.label, source_of[example]) for example in validation.examples]
        ),
        split="; ".join(f"{name}: {data.split_origin}" for name, data in folders.items()),
        examples={
            f"{name}/{part}": count
            for name, data in folders.items()
            for part, count in data.counts().items()
            if count
        },
        fingerprint=train.fingerprint,
        skipped={relative_name(bad.path, root): bad.reason for bad in train.bad + validation.bad},
        split_paths=_random_split_paths(list(folders.values()), root),
    )


def _random_split_paths(folders: Sequence[DataFolder], root: Path) -> dict[str, list[str]] | None:
    """Paths below `root` by split, for folders with a random split; None if there are none."""
    random = [folder for folder in folders if folder.split_seed is not None]
    if not random:
        return None
    split: dict[str, list[str]] = {}
    for folder in random:
        for name, examples in folder.splits.items():
            paths = [example.path.relative_to(root).as_posix() for example in examples]
            split.setdefault(name, []).extend(paths)
    return split


def source_weights(
    mixture: CropSampler, kinds: Sequence[tuple[ClassName, str]]
) -> NDArray[np.float32]:
    """Weights of validation pictures, float32 (n,), with mean 1.

    Each source has its share in training; sources that are not trained on have weight 0.
    """
    sizes = Counter(kinds)
    weights = np.asarray([mixture.share(*kind) / sizes[kind] for kind in kinds], np.float32)
    mean: NDArray[np.float32] = weights / (weights.mean() or 1)
    return mean


# Transforms uint8 RGB (h, w, 3); deterministic for a given generator.
PictureTransform = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]


def training_batches(
    pictures: Pictures,
    spec: InputSpec,
    *,
    batch_size: int,
    seed: int,
    first_epoch: int,
    targets: NDArray[np.float32] | None = None,
    transform: PictureTransform | None = None,
    workers: Workers = ALONE,
) -> Any:
    """Endless tf.data of (float32 (b, h, w, 3), float32 (b, 1)), shuffled in each epoch.

    Epoch `e` has the same order and augmentation whether training started at 0 or resumed at `e`.

    Args:
        pictures: decoded pictures.
        spec: the model's input.
        batch_size: the last batch of an epoch may be smaller.
        seed: of order and augmentation.
        first_epoch: number of the first epoch.
        targets: float32 (n,); None: the pictures' own.
        transform: applied to each picture.
        workers: each gets its share of every batch.
    """
    import tensorflow as tf

    count = len(pictures.examples)

    def order(epoch: Any) -> Any:
        seeds = tf.stack([tf.cast(seed, tf.int64), epoch])
        shuffled = tf.random.experimental.stateless_shuffle(tf.range(count), seeds)
        indexes = tf.data.Dataset.from_tensor_slices(shuffled).batch(batch_size)
        return indexes.map(lambda index: (index, epoch))

    indexes = tf.data.Dataset.counter(start=first_epoch).flat_map(order)
    labels = pictures.targets if targets is None else targets
    return _load(indexes, pictures, spec, labels, transform, seed, workers)


def validation_batches(
    pictures: Pictures,
    spec: InputSpec,
    *,
    batch_size: int,
    weights: NDArray[np.float32] | None = None,
) -> Any:
    """One pass in order, with shapes as in `training_batches`.

    With `weights`, float32 (n,), each batch has sample weights as a third element.
    """
    import tensorflow as tf

    indexes = tf.data.Dataset.range(len(pictures.examples)).batch(batch_size)
    single_pass = indexes.map(lambda index: (tf.cast(index, tf.int32), tf.constant(0, tf.int64)))
    loaded = _load(single_pass, pictures, spec, pictures.targets, None, 0)
    if weights is None:
        return loaded
    batched = tf.data.Dataset.from_tensor_slices(weights).batch(batch_size)
    return tf.data.Dataset.zip(loaded, batched).map(lambda batch, weight: (*batch, weight))


def _load(
    indexes: Any,
    pictures: Pictures,
    spec: InputSpec,
    targets: NDArray[np.float32],
    transform: PictureTransform | None,
    seed: int,
    workers: Workers = ALONE,
) -> Any:
    import tensorflow as tf

    def gather(index: Any, epoch: Any) -> tuple[Any, Any]:
        # Sorted access is faster on memory-mapped files; order within a batch does not matter.
        indices = np.sort(index[workers.share(len(index))])
        pixels = pictures.pixels[indices]
        if transform is not None:
            for row, number in enumerate(indices):
                pixels[row] = transform(pixels[row], np.random.default_rng([seed, epoch, number]))
        return pixels, targets[indices, None]

    def load(index: Any, epoch: Any) -> tuple[Any, Any]:
        # Returning bytes instead of floats keeps the time under Python's lock short.
        pixels, target = tf.numpy_function(gather, [index, epoch], (tf.uint8, tf.float32))
        pixels.set_shape((None, spec.height, spec.width, 3))
        target.set_shape((None, 1))
        return scaled(pixels, spec), target

    threads = 2 if transform is None else max(2, os.cpu_count() or 2)
    # As in Keras: the autotune thread can deadlock with Python's lock when the data set is
    # deleted.
    options = tf.data.Options()
    options.autotune.enabled = False
    loaded = indexes.map(load, num_parallel_calls=threads, deterministic=True)
    return loaded.prefetch(2).with_options(options)


def scaled(pixels: Any, spec: InputSpec) -> Any:
    """`imaging.scale` on tensors, without Python's lock: uint8 (..., 3) to float32."""
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
