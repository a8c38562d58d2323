"""Runs prepared models: arrays in, logits out."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """Float32 (n, height, width, 3), scaled as the card says, to float32 logits (n, units)."""

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of each picture."""
        ...


class LiteRT:
    """A `.tflite` model on XNNPACK, one thread a call.

    As many calls run side by side as threads make them: each has an interpreter of its own,
    made when first needed. On several cores that gives more pictures a second than one call on
    all of them, and larger batches give no more (webapp-backend/benchmarks/engines.py).
    """

    def __init__(self, model: bytes) -> None:
        self._model = model
        first = self._interpreter()
        self._input: int = first.get_input_details()[0]["index"]
        self._output: int = first.get_output_details()[0]["index"]
        self._idle = [first]

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of each picture."""
        try:
            interpreter = self._idle.pop()
        except IndexError:
            interpreter = self._interpreter()
        outputs = [self._one(interpreter, batch[i : i + 1]) for i in range(len(batch))]
        self._idle.append(interpreter)
        return np.concatenate(outputs)

    def _interpreter(self) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=self._model, num_threads=1)
        interpreter.allocate_tensors()
        return interpreter

    def _one(self, interpreter: Any, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        interpreter.set_tensor(self._input, picture)
        interpreter.invoke()
        outputs: NDArray[np.float32] = interpreter.get_tensor(self._output)
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
