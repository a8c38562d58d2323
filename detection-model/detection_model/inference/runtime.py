"""Runs converted models: arrays in, logits out."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """Maps float32 (n, height, width, 3), scaled as the card says, to float32 logits (n, units)."""

    def __call__(self, batch: NDArray[np.float32], *, alone: bool = False) -> NDArray[np.float32]:
        """Logits of each image. If `alone`, the call may use all cores."""
        ...


class LiteRT:
    """A `.tflite` model on XNNPACK. Thread-safe: concurrent calls use separate interpreters.

    A single call uses all threads, for the lowest latency; concurrent calls use one thread each,
    for the highest throughput. Larger batches are not faster
    (webapp-backend/benchmarks/engines.py). Interpreters are created on demand.
    """

    def __init__(self, model: bytes, *, threads: int = 1) -> None:
        self._model = model
        self._threads = threads
        first = self._interpreter(threads)
        self._input: int = first.get_input_details()[0]["index"]
        self._output: int = first.get_output_details()[0]["index"]
        self._idle: dict[int, list[Any]] = {1: [], threads: [first]}

    def __call__(self, batch: NDArray[np.float32], *, alone: bool = False) -> NDArray[np.float32]:
        """Logits of each image."""
        threads = self._threads if alone else 1
        try:
            interpreter = self._idle[threads].pop()
        except IndexError:
            interpreter = self._interpreter(threads)
        outputs = [self._one(interpreter, batch[i : i + 1]) for i in range(len(batch))]
        self._idle[threads].append(interpreter)
        return np.concatenate(outputs)

    def _interpreter(self, threads: int) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=self._model, num_threads=threads)
        interpreter.allocate_tensors()
        return interpreter

    def _one(self, interpreter: Any, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        interpreter.set_tensor(self._input, picture)
        interpreter.invoke()
        outputs: NDArray[np.float32] = interpreter.get_tensor(self._output)
        return outputs.reshape(1, -1)


class TensorFlow:
    """A Keras model as a `tf.function` of one signature: the reference and the fallback."""

    def __init__(self, logits: Any, *, height: int, width: int) -> None:
        import tensorflow as tf

        spec = tf.TensorSpec((None, height, width, 3), tf.float32)
        self._function: Any = tf.function(
            lambda batch: logits(batch, training=False), input_signature=[spec]
        )

    def __call__(
        self,
        batch: NDArray[np.float32],
        *,
        alone: bool = False,  # noqa: ARG002  TensorFlow manages its threads itself
    ) -> NDArray[np.float32]:
        """Logits of each image."""
        outputs: NDArray[np.float32] = self._function(batch).numpy()
        return outputs.reshape(len(batch), -1)
