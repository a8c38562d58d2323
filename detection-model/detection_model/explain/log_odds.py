"""A model's log-odds of Fake as differentiable TensorFlow functions, and its Grad-CAM.

Keras cannot give the output of an inner layer of a nested network. While TensorFlow traces a
network, every tensor is visible, so its feature maps are recorded then.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detection_model.card import OutputSpec
from detection_model.explain.attribution import ExplainError
from detection_model.inference.detector import LoadedModel

Batch = NDArray[np.float32]


class LogOdds:
    """Log-odds of Fake of one model, their gradients, and its Grad-CAM.

    Each is a `tf.function` that compiles on its first call, so reuse the object. All take float32
    (n, height, width, 3), scaled as the card says.
    """

    def __init__(self, model: LoadedModel, output: OutputSpec) -> None:
        self._logits = model.logits
        self._output = output
        self._shape = (None, model.facts.height, model.facts.width, 3)

    def values(self, batch: Batch) -> NDArray[np.float32]:
        """Log-odds of each image, float32 (n,)."""
        values: NDArray[np.float32] = self._values(batch).numpy()
        return values

    def gradients(self, batch: Batch) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Log-odds (n,), and their gradients with respect to the input (n, height, width, 3)."""
        values, gradients = self._gradients(batch)
        return values.numpy(), gradients.numpy()

    def gradcam(self, batch: Batch) -> NDArray[np.float32]:
        """Grad-CAM before its ReLU, float32 (n, height, width); positive is evidence for Fake.

        Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
        Localization" (2017), applied to the log-odds: its ReLU is the map for Fake, that of its
        negative the map for Real. It uses the last feature map, and sums over the branches of a
        network.

        Gradients are not averaged over positions, as in HiResCAM (Draelos & Carin, 2020). With
        global average pooling the result is the same. With a Flatten, as in v1 to v3, averaging
        would mix positions that the head distinguishes, and leave maps empty or misplaced.

        Raises:
            ExplainError: the network has no feature map.
        """
        maps: NDArray[np.float32] = self._gradcam(batch).numpy()
        return maps

    @cached_property
    def _values(self) -> Any:
        return self._function(self._fake)

    @cached_property
    def _gradients(self) -> Any:
        import tensorflow as tf

        def gradients(batch: Any) -> tuple[Any, Any]:
            fake = self._fake(batch)
            return fake, tf.cast(tf.gradients(fake, batch)[0], tf.float32)

        return self._function(gradients)

    @cached_property
    def _gradcam(self) -> Any:
        import tensorflow as tf

        def gradcam(batch: Any) -> Any:
            with record_feature_maps(self._logits) as recorded:
                fake = self._fake(batch)
            maps = last_feature_maps(fake, recorded)
            cams = map(_cam, maps, tf.gradients(fake, maps))
            return tf.add_n([tf.image.resize(cam, self._shape[1:3]) for cam in cams])[..., 0]

        return self._function(gradcam)

    def _function(self, function: Any) -> Any:
        import tensorflow as tf

        # AutoGraph would rewrite the message of an ExplainError.
        spec = tf.TensorSpec(self._shape, tf.float32)
        return tf.function(function, input_signature=[spec], autograph=False)

    def _fake(self, batch: Any) -> Any:
        """`probability.fake_logit` of each image, in TensorFlow."""
        import tensorflow as tf

        logits = tf.cast(self._logits(batch, training=False), tf.float32)
        classes = self._output.classes
        if self._output.activation == "sigmoid":
            return logits[:, 0] if classes[1] == "Fake" else -logits[:, 0]
        fake, real = (
            tf.gather(logits, [i for i, label in enumerate(classes) if label == name], axis=1)
            for name in ("Fake", "Real")
        )
        return tf.reduce_logsumexp(fake, axis=1) - tf.reduce_logsumexp(real, axis=1)


def _cam(features: Any, gradient: Any) -> Any:
    """First-order contribution of each position of a feature map, float32 (n, h, w, 1)."""
    import tensorflow as tf

    product = tf.cast(features, tf.float32) * tf.cast(gradient, tf.float32)
    return tf.reduce_sum(product, axis=3, keepdims=True)


# Tensors (n, h, w, c) by reference.
Recorded = dict[Any, Any]


@contextmanager
def record_feature_maps(model: Any) -> Iterator[Recorded]:
    """Record the feature maps of a network that is called inside this context.

    A feature map is an output (n, h, w, c) larger than one pixel, of a layer with weights or with
    a feature map as input; layers that only preprocess the image have none.
    """
    maps: Recorded = {}
    with ExitStack() as restored:
        for layer in _layers(model):
            layer.call = _recording(layer, layer.call, maps)
            restored.callback(delattr, layer, "call")
        yield maps


def last_feature_maps(outputs: Any, maps: Recorded) -> list[Any]:
    """The last feature maps before the outputs: one, or one per branch of the network.

    The search goes back from the outputs to the first map on each path, so the pooled side path of
    a squeeze-and-excitation block does not count.

    Raises:
        ExplainError: the network has no feature map.
    """
    last_maps: list[Any] = []
    visited: set[Any] = set()
    pending = [outputs]
    while pending:
        tensor = pending.pop()
        if tensor.ref() in maps:
            last_maps.append(tensor)
        else:
            sources = [source for source in tensor.op.inputs if source.ref() not in visited]
            visited.update(source.ref() for source in sources)
            pending.extend(sources)
    if not last_maps:
        raise ExplainError(
            "this model has no layer with a feature map (height, width, channels), so Grad-CAM "
            "does not apply; occlusion, integrated gradients and LIME explain any model"
        )
    return last_maps


def _layers(model: Any) -> Iterator[Any]:
    """The layers of a network and of its nested networks, each once."""
    visited: set[int] = set()
    pending = list(model.layers)
    while pending:
        layer = pending.pop()
        if id(layer) not in visited:
            visited.add(id(layer))
            pending.extend(getattr(layer, "layers", []))
            yield layer


def _recording(layer: Any, call: Callable[..., Any], maps: Recorded) -> Callable[..., Any]:
    import keras
    import tensorflow as tf

    has_weights = bool(layer.weights) and not isinstance(layer, keras.layers.Normalization)

    def recording(*args: Any, **kwargs: Any) -> Any:
        outputs = call(*args, **kwargs)
        inputs = [x for x in tf.nest.flatten((args, kwargs)) if tf.is_tensor(x)]
        if has_weights or any(x.ref() in maps for x in inputs):
            maps.update({x.ref(): x for x in tf.nest.flatten(outputs) if _is_map(x)})
        return outputs

    return recording


def _is_map(tensor: Any) -> bool:
    shape = tensor.shape
    return shape.rank == 4 and (shape[1], shape[2]) != (1, 1)
