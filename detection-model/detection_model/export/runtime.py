"""Runs prepared models: arrays in, logits out."""

import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """Float32 (n, height, width, 3), scaled as the card says, to float32 logits (n, units)."""

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of each picture."""
        ...


class LiteRT:
    """A `.tflite` file on XNNPACK. Safe to call from several threads, one runs at a time."""

    def __init__(self, path: Path, *, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(str(path), num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._lock = threading.Lock()

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of each picture."""
        with self._lock:
            return np.concatenate([self._one(batch[i : i + 1]) for i in range(len(batch))])

    def _one(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        self._interpreter.set_tensor(self._input, picture)
        self._interpreter.invoke()
        outputs: NDArray[np.float32] = self._interpreter.get_tensor(self._output)
        return outputs.reshape(1, -1)


class TensorFlow:
    """A Keras model as a `tf.function` of one signature: the reference, and the fallback."""

    def __init__(self, logits: Any, *, height: int, width: int) -> None:
        import tensorflow as tf

        spec = tf.TensorSpec((None, height, width, 3), tf.float32)
        self._function: Any = tf.function(
            lambda batch: logits(batch, training=False), input_signature=[spec]
        )

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of each picture."""
        outputs: NDArray[np.float32] = self._function(batch).numpy()
        return outputs.reshape(len(batch), -1)
