"""Reads a Keras model file by its content, whatever its name ends in."""

import json
import shutil
import tempfile
import warnings
import zipfile
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any, Literal, cast, get_args

from detection_model import architectures
from detection_model.architectures import HeadName, Recipe
from detection_model.card import ClassName
from detection_model.inference.load_failure import (
    describe_archive,
    describe_content,
    explain,
    explain_hdf5,
    layer_configs,
)

Container = Literal[".keras", ".h5"]
# Options that Keras 2 wrote with every layer, at values that change nothing.
_NEUTRAL: dict[str, Any] = {
    "groups": 1,
    "time_major": False,
    "fused": None,
    "virtual_batch_size": None,
    "adjustment": None,
}
_CONFIG = "config.json"


class ModelError(ValueError):
    """The model file cannot be used; the message says why, without paths."""


@dataclass(frozen=True)
class Original:
    """The Keras model of a file.

    `classes` are those of 0 and 1 if the file holds weights alone and its architecture's authors
    published weights with this order; else None.
    """

    model: Any
    classes: tuple[ClassName, ClassName] | None = None


def read_original(path: Path) -> Original:
    """The Keras model of a file; no code from the file is run.

    Options of Keras 2 that change nothing are dropped if this Keras does not know them. If the
    architecture of an HDF5 file cannot be restored, its weights are loaded into the known
    architecture that they fit.

    Raises:
        ModelError: damaged, not a Keras file, or not readable by this Keras.
    """
    import detection_model.architectures.heads  # noqa: F401  registers layers for files with them

    container = content(path)
    with tempfile.TemporaryDirectory(prefix="detection-model-") as folder:
        # Keras chooses the reader by the ending.
        file = _link(path, Path(folder, f"model{container}"))
        try:
            return Original(_load(file))
        except Exception as error:  # noqa: BLE001  Keras raises nearly anything for a bad file
            failure = error
        config = _read_config(path, container)
        if _drop_neutral_options(config):
            copy = Path(folder, f"copy{container}")
            try:
                _write_copy(path, copy, config, container)
                return Original(_load(copy))
            except Exception as error:  # noqa: BLE001  as above
                failure = error
    if container == ".h5" and (network := _rebuilt(path)) is not None:
        model, recipe = network
        return Original(model, recipe.published_classes if config is None else None)
    version = _keras_version(path, container)
    if container == ".h5" and config is None:
        raise ModelError(explain_hdf5(path.name, version, has_weights=_has_weights(path)))
    raise ModelError(explain(path, version, config, failure))


def load_original(path: Path) -> Any:
    """Load a model file as the Keras model that was saved; no code from the file is run.

    Raises:
        ModelError: damaged, not a Keras file, or not readable by this Keras.
    """
    return read_original(path).model


def content(path: Path) -> Container:
    """The kind of Keras file by its bytes: `.keras` for a ZIP archive, `.h5` for HDF5.

    Raises:
        ModelError: it is neither, or damaged.
    """
    import h5py

    if h5py.is_hdf5(path):
        try:
            h5py.File(path).close()
        except OSError:
            raise ModelError(f"{path.name} is incomplete: copy or download it again") from None
        return ".h5"
    if not zipfile.is_zipfile(path):
        raise ModelError(f"{path.name} is {describe_content(path)}")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if _CONFIG not in names:
        raise ModelError(f"{path.name} is {describe_archive(names)}")
    return ".keras"


def _load(file: Path) -> Any:
    import keras

    model = keras.saving.load_model(file, compile=False)
    if not model.built:  # a network of networks, as Teachable Machine saves them
        first = model
        while getattr(first, "layers", None) and not first.built:
            first = first.layers[0]
        model.build(first.input_shape)
    return model


def _read_config(path: Path, container: Container) -> Any | None:
    """The architecture as plain data; None if the file has none that can be read."""
    import h5py

    try:
        if container == ".keras":
            with zipfile.ZipFile(path) as archive:
                return json.loads(archive.read(_CONFIG))
        with h5py.File(path) as file:
            return json.loads(file.attrs["model_config"])
    except Exception:  # noqa: BLE001  damaged files raise nearly anything
        return None


def _drop_neutral_options(config: Any) -> bool:
    """Remove neutral options that the layer does not know; True if there were any."""
    import keras

    dropped = False
    for layer in layer_configs(config):
        options = layer.get("config")
        kind = getattr(keras.layers, layer["class_name"], None)
        if not isinstance(options, dict) or kind is None:
            continue
        parameters = signature(kind.__init__).parameters
        for name, value in _NEUTRAL.items():
            if name in options and name not in parameters and options[name] == value:
                del options[name]
                dropped = True
    return dropped


def _write_copy(path: Path, copy: Path, config: Any, container: Container) -> None:
    """The same file with another architecture."""
    import h5py

    if container == ".h5":
        shutil.copyfile(path, copy)
        with h5py.File(copy, "r+") as file:
            file.attrs["model_config"] = json.dumps(config)
        return
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            new.writestr(name, json.dumps(config) if name == _CONFIG else old.read(name))


def _link(path: Path, link: Path) -> Path:
    try:
        link.symlink_to(path.absolute())
    except OSError:  # Windows without the right to make links
        shutil.copyfile(path, link)
    return link


def _keras_version(path: Path, container: Container) -> str | None:
    """The version of Keras that saved a file; None if the file does not state it."""
    import h5py

    try:
        if container == ".keras":
            with zipfile.ZipFile(path) as archive:
                return cast(str, json.loads(archive.read("metadata.json"))["keras_version"])
        with h5py.File(path) as file:
            weights = file.get("model_weights", file)
            version = file.attrs.get("keras_version", weights.attrs.get("keras_version"))
            return version.decode() if isinstance(version, bytes) else version
    except Exception:  # noqa: BLE001  damaged files raise nearly anything
        return None


# Small enough to be tried for every file; their weights differ in shape.
_TRIED = ("v1", "v2", "v3", "meso4", "mesoinception4")


def _rebuilt(path: Path) -> tuple[Any, Recipe] | None:
    """The network of the zoo that the file's weights fit, with them; None if there is none.

    A recipe that the file's name tells is tried (`mobilenetv2-old.h5`), else v1, v2, v3 and the
    MesoNets.
    """
    named = [name for name in architectures.RECIPES if name in path.stem.lower()]
    candidates = [max(named, key=len)] if named else _TRIED
    with tempfile.TemporaryDirectory(prefix="detection-model-") as folder:
        # Keras chooses the reader by the ending, and expects another layout from `.weights.h5`.
        file = Path(folder, "m.weights.h5" if _is_of_keras3(path) else "m.h5")
        shutil.copyfile(path, file)
        for name in candidates:
            recipe = architectures.RECIPES[name]
            for head in get_args(HeadName) if recipe.head else (None,):
                model = recipe.build(weights=architectures.NONE, head=head)
                if _fills(model, file):
                    return model, recipe
    return None


def _fills(model: Any, file: Path) -> bool:
    """Load weights; True if the file holds every weight of the model, in its shape."""
    import numpy as np

    weights = [weight for weight in model.weights if "float" in weight.dtype]
    for weight in weights:  # Keras only warns of weights that it does not find
        weight.assign(np.full(weight.shape, np.nan))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.load_weights(file)
    except Exception:  # noqa: BLE001  Keras and h5py raise nearly anything
        return False
    return not any(np.isnan(weight.numpy()).any() for weight in weights)


def _is_of_keras3(path: Path) -> bool:
    import h5py

    with h5py.File(path) as file:
        return "layers" in file and "layer_names" not in file.attrs


def _has_weights(path: Path) -> bool:
    """True for an HDF5 file in which Keras stored weights."""
    import h5py

    with h5py.File(path) as file:
        return "layer_names" in file.attrs or bool({"layers", "model_weights"} & set(file))
