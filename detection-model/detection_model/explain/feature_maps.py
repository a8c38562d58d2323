"""Finds the last feature maps of any Keras network while TensorFlow traces it.

Keras can give the output of an inner layer only where networks are not nested. While a network
is traced all its tensors are there, whatever it is built of: so they are noted then.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from detection_model.explain.attribution import ExplainError

# Tensors (n, h, w, c) by their reference.
Recorded = dict[Any, Any]


@contextmanager
def recorded(model: Any) -> Iterator[Recorded]:
    """Note the feature maps that come out of a network's layers while it is called in here.

    A feature map is a picture-shaped output (n, h, w, c), larger than one pixel, of a layer with
    weights or of one that is fed such a map: what only scales or cuts pictures gives none.
    """
    maps: Recorded = {}
    with ExitStack() as restored:
        for layer in _layers(model):
            layer.call = _recording(layer, layer.call, maps)
            restored.callback(delattr, layer, "call")
        yield maps


def last(outputs: Any, maps: Recorded) -> list[Any]:
    """The maps from which the outputs are computed without passing another: where space ends.

    One, but for networks with several branches. Squeeze-and-excitation blocks end space too, but
    on the way to a later map.

    Raises:
        ExplainError: there are none.
    """
    found: list[Any] = []
    seen: set[Any] = set()
    pending = [outputs]
    while pending:
        tensor = pending.pop()
        if tensor.ref() in maps:
            found.append(tensor)
        else:
            news = [source for source in tensor.op.inputs if source.ref() not in seen]
            seen.update(source.ref() for source in news)
            pending.extend(news)
    if not found:
        raise ExplainError(
            "this model has no layer with a feature map (height, width, channels), so there is no "
            "Grad-CAM of it; occlusion, integrated gradients and LIME explain any model"
        )
    return found


def _layers(model: Any) -> Iterator[Any]:
    """The layers of a network and of the networks within it, each once."""
    seen: set[int] = set()
    pending = list(model.layers)
    while pending:
        layer = pending.pop()
        if id(layer) not in seen:
            seen.add(id(layer))
            pending.extend(getattr(layer, "layers", []))
            yield layer


def _recording(layer: Any, call: Callable[..., Any], maps: Recorded) -> Callable[..., Any]:
    import keras
    import tensorflow as tf

    learned = bool(layer.weights) and not isinstance(layer, keras.layers.Normalization)

    def recording(*args: Any, **kwargs: Any) -> Any:
        outputs = call(*args, **kwargs)
        given = [x for x in tf.nest.flatten((args, kwargs)) if tf.is_tensor(x)]
        if learned or any(x.ref() in maps for x in given):
            maps.update({x.ref(): x for x in tf.nest.flatten(outputs) if _is_map(x)})
        return outputs

    return recording


def _is_map(tensor: Any) -> bool:
    shape = tensor.shape
    return shape.rank == 4 and (shape[1], shape[2]) != (1, 1)
