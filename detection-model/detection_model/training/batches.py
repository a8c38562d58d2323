"""Feeds decoded pictures to Keras in an order that depends on seed and epoch alone."""

from typing import Any

import numpy as np

from detection_model import images
from detection_model.card import InputSpec
from detection_model.data.pictures import Pictures


def training_batches(
    pictures: Pictures, spec: InputSpec, *, batch_size: int, seed: int, first_epoch: int
) -> Any:
    """Endless tf.data of (float32 (b, h, w, 3), float32 (b, 1)), each epoch shuffled anew.

    Epoch `e` has the same order whether training began at 0 or was resumed at `e`.
    """
    import tensorflow as tf

    count = len(pictures.examples)

    def order(epoch: Any) -> Any:
        seeds = tf.stack([tf.cast(seed, tf.int64), epoch])
        shuffled = tf.random.experimental.stateless_shuffle(tf.range(count), seeds)
        return tf.data.Dataset.from_tensor_slices(shuffled).batch(batch_size)

    indexes = tf.data.Dataset.counter(start=first_epoch).flat_map(order)
    return _load(indexes, pictures, spec)


def validation_batches(pictures: Pictures, spec: InputSpec, *, batch_size: int) -> Any:
    """One pass in the pictures' own order, shaped as `training_batches`."""
    import tensorflow as tf

    indexes = tf.data.Dataset.range(len(pictures.examples)).batch(batch_size)
    return _load(indexes.map(lambda index: tf.cast(index, tf.int32)), pictures, spec)


def _load(indexes: Any, pictures: Pictures, spec: InputSpec) -> Any:
    import tensorflow as tf

    targets = pictures.targets[:, None]

    def gather(index: Any) -> tuple[Any, Any]:
        # Sorted access is kind to a memory-mapped file; the order inside a batch is free.
        at = np.sort(index)
        return images.scale(pictures.pixels[at], spec), targets[at]

    def load(index: Any) -> tuple[Any, Any]:
        batch, target = tf.numpy_function(gather, [index], (tf.float32, tf.float32))
        batch.set_shape((None, spec.height, spec.width, 3))
        target.set_shape((None, 1))
        return batch, target

    return indexes.map(load, num_parallel_calls=2).prefetch(2)
