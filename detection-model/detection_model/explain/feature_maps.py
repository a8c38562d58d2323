"""Finds the last feature maps of any Keras network while TensorFlow traces it.

Keras cannot give the output of an inner layer of a nested network. While TensorFlow traces a
network, every tensor is visible, so the feature maps are recorded then.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from detection_model.explain.attribution import ExplainError

# Tensors (n, h, w, c) by reference.
Recorded = dict[Any, Any]


@contextmanager
def recorded(model: Any) -> Iterator[Recorded]:
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


def last(outputs: Any, maps: Recorded) -> list[Any]:
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
