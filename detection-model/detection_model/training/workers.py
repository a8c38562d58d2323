"""Processes, on one machine or several, that train one model: each takes a share of every batch.

Keras 3 cannot fit a model under TensorFlow's `MultiWorkerMirroredStrategy`
(https://github.com/keras-team/keras/issues/20585). So every worker fits a model of its own, and the
strategy only averages what they must agree on: the gradients of each step, the first weights, the
statistics of batch normalisation and the logs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Workers:
    """This worker among all of a training.

    Attributes:
        index: of this worker, from 0. The first one leads: it writes the run and the model.
        count: number of workers.
        scratch: where another worker writes its copies of the run's files.
        strategy: TensorFlow's, which connects the workers.
    """

    index: int = 0
    count: int = 1
    scratch: Path | None = None
    strategy: Any = None

    @classmethod
    def of_environment(cls, scratch: Path) -> "Workers":
        """The workers that the variable TF_CONFIG names; waits until all of them have started.

        Must come before any other use of TensorFlow in the process.
        """
        import tensorflow as tf

        strategy = tf.distribute.MultiWorkerMirroredStrategy()
        index = strategy.cluster_resolver.task_id
        return cls(index, strategy.num_replicas_in_sync, scratch if index else None, strategy)

    @property
    def leads(self) -> bool:
        """This worker writes the run's folder and the model."""
        return self.index == 0

    def share(self, batch: int) -> NDArray[np.int32]:
        """Positions of this worker's pictures in a batch of some length; all shares are equal.

        If the batch cannot be divided, some of its first pictures are in two shares.
        """
        taken = np.arange(math.ceil(batch / self.count), dtype=np.int32)
        return (taken * self.count + self.index) % batch

    def mean(self, tensors: Sequence[Any]) -> list[Any]:
        """Each tensor averaged over the workers, which must all call this with equal shapes."""
        import tensorflow as tf

        if self.count == 1 or not tensors:
            return [*tensors]

        def average(values: Any) -> Any:
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.MEAN, values)

        # One message for all; the strategy asks for a device.
        with tf.device(self.strategy.extended.worker_devices[0]):
            flat = tf.concat([tf.cast(tf.reshape(t, [-1]), tf.float32) for t in tensors], 0)
        parts = tf.split(
            self.strategy.run(average, args=(flat,)),
            [math.prod(tensor.shape) for tensor in tensors],
        )
        return [
            tf.cast(tf.reshape(part, tensor.shape), tensor.dtype)
            for part, tensor in zip(parts, tensors, strict=True)
        ]

    def connect(self, model: Any) -> None:
        """Start a compiled model with the weights of all workers, and average its gradients."""
        if self.count == 1:
            return
        self.equalise(model.variables)
        apply = model.optimizer.apply

        # Set on the object: a class of its own would be named in every checkpoint.
        def apply_mean(grads: Any, trainable_variables: Any = None) -> Any:
            return apply(self.mean(grads), trainable_variables)

        model.optimizer.apply = apply_mean

    def equalise(self, variables: Sequence[Any]) -> None:
        """Set floating-point variables to their mean over the workers."""
        numbers = [v for v in variables if v.dtype.startswith("float")]
        means = self.mean([variable.value for variable in numbers])
        for variable, value in zip(numbers, means, strict=True):
            variable.assign(value)


ALONE = Workers()
