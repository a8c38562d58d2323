"""Reads the tensors of a PyTorch file without PyTorch, and runs none of the file's code."""

import pickle
from collections import OrderedDict
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
