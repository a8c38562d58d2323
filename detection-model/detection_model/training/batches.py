"""Feeds decoded pictures to Keras; order and alteration depend on seed and epoch alone."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detection_model.card import InputSpec
from detection_model.data.decoding import Pictures

# A picture, uint8 RGB (h, w, 3), as it is to be trained on; the same for the same generator.
Alter = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]


def training_batches(
    pictures: Pictures,
    spec: InputSpec,
    *,
    batch_size: int,
    seed: int,
    first_epoch: int,
    targets: NDArray[np.float32] | None = None,
    alter: Alter | None = None,
) -> Any:
    """Endless tf.data of (float32 (b, h, w, 3), float32 (b, 1)), each epoch shuffled anew.

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
    alter: Alter | None,
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
