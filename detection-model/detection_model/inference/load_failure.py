"""Explains in one line why Keras cannot load a file, and what to do about it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

_SAVE = "save the model with model.save('NAME.keras')"
# First bytes of files that people take for models.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer, not the model: run git lfs pull"),
    (b"PK", "an incomplete .keras file: copy or download it again"),
    (b"\x89HDF", "an incomplete .h5 file: copy or download it again"),
    (b"\x80", f"not a Keras file but a Python pickle, as PyTorch writes: {_SAVE}"),
    (b"\x1f\x8b", "a gzip archive: unpack it"),
    (b"Rar!", "a RAR archive: unpack it"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it"),
)
_WEB_PAGE = "a web page, not the model: the download failed, repeat it in a browser"
# What `cls.__init__` and Keras's own check say about an option.
_OPTION = (
    re.compile(r"keyword arguments? passed to (?P<layer>\w+): \{'(?P<option>\w+)'"),
    re.compile(r"unexpected keyword argument '(?P<option>\w+)'"),
)
# Classes of networks, which also occur as layers of other networks.
_NETWORKS = {"Functional", "Model", "Sequential"}
_LONGEST = 300


def describe_content(path: Path) -> str:
    """Describes a file that is neither ZIP nor HDF5, as the end of the sentence `NAME is …`."""
    with path.open("rb") as file:
        head = file.read(1024)
    if not head:
        return "empty: copy or download it again"
    if re.match(rb"\s*<(!doctype html|html)", head, re.IGNORECASE):
        return _WEB_PAGE
    if head[4:8] == b"TFL3":
        return f"not a Keras file but a LiteRT model: {_SAVE}"
    for signature, description in _SIGNATURES:
        if head.startswith(signature):
            return description
    return f"not a Keras file: {_SAVE}"


def describe_archive(names: Sequence[str]) -> str:
    """Describes a ZIP archive without config.json at its top, as the end of `NAME is …`."""
    parts = [PurePosixPath(name) for name in names]
    by_name = {part.name: part for part in parts if part.parts[:1] != ("__MACOSX",)}
    if "config.json" in by_name and "model.weights.h5" in by_name:
        folder = by_name["config.json"].parent
        return f"a .keras file packed with its folder {folder}: pack the files inside the folder"
    if "data.pkl" in by_name:
        return f"not a Keras file but one of PyTorch: {_SAVE}"
    if "saved_model.pb" in by_name:
        return f"not a Keras file but a packed SavedModel: {_SAVE}"
    models = [name for name in by_name if name.lower().endswith((".keras", ".h5", ".hdf5"))]
    if models:
        return f"an archive that holds {models[0]}: unpack it"
    return f"a ZIP archive without a Keras model: {_SAVE}"


def explain_hdf5(name: str, saved: str | None, *, has_weights: bool) -> str:
    """One line on an HDF5 file without an architecture that can be read.

    Args:
        name: of the file.
        saved: the version of Keras that saved it, if known.
        has_weights: whether it holds weights of Keras, which fit no known architecture.
    """
    if not has_weights:
        return f"{name} is an HDF5 file without a Keras model: {_SAVE}"
    by = f" by Keras {saved}" if saved else ""
    return (
        f"{name} holds weights without a network (saved{by} with save_weights): "
        "save the whole model with model.save('NAME.keras'), or begin the file's name with "
        "the architecture that it has, such as mobilenetv2 or meso4"
    )


def explain(path: Path, saved: str | None, config: Any, error: Exception) -> str:
    """One line on a Keras file that does not load: versions, the layer, and what to do.

    Args:
        path: of the file.
        saved: the version of Keras that saved it, if known.
        config: its architecture as plain data, if it can be read.
        error: what Keras raised.
    """
    import keras

    name, installed = path.name, keras.__version__
    if saved and _major(saved) < 2:
        return (
            f"{name} was saved by Keras {saved}, which Keras {installed} cannot read: load it with "
            "Keras 2 (pip install tf-keras) and save it again as .keras"
        )
    cannot = f"{name} cannot be loaded"
    saved_by = (
        f"It was saved by Keras {saved or 'of an unknown version'}; Keras {installed} is installed."
    )
    for layer in layer_configs(config):
        kind, title = layer["class_name"], (layer.get("config") or {}).get("name")
        if kind == "Lambda":
            return (
                f"{cannot}: its layer {title} is a Lambda, which holds code, and code from a file "
                f"is never run. Replace it by a standard layer and save the model again. {saved_by}"
            )
    if newer := bool(saved and _major(saved) > _major(installed)):
        remedy = f"Update Keras, or save the model with Keras {installed}."
    elif saved and _major(saved) < _major(installed):
        remedy = "Load it with tf-keras (pip install tf-keras) and save it again as .keras."
    else:
        remedy = "Save the model again with this version of Keras."
    if unknown := _unknown_class(config):
        if not newer:
            remedy = "Replace it by standard layers and save the model again."
        return f"{cannot}: {unknown} is not part of Keras. {saved_by} {remedy}"
    if option := _unknown_option(error):
        return f"{cannot}: {option} is not known. {saved_by} {remedy}"
    if newer:
        return f"{cannot}. {saved_by} {remedy}"
    version_note = saved_by if saved != installed else ""
    return f"{cannot} by Keras: {_reason(error, path)} {version_note}".strip()


def layer_configs(config: Any) -> Iterator[dict[str, Any]]:
    """Every `{"class_name": …, "config": {…}}` of an architecture, outer ones first."""
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str):
            yield config
        for value in config.values():
            yield from layer_configs(value)
    elif isinstance(config, list):
        for value in config:
            yield from layer_configs(value)


def _unknown_class(config: Any) -> str | None:
    """The network's class, or its first layer, that Keras and this package do not have."""
    if isinstance(config, dict) and "class_name" in config and not _is_known(config):
        return f"the network class {config['class_name']}"
    unknown = (layer["class_name"] for layer in _layers(config) if not _is_known(layer))
    return next((f"the layer {name}" for name in unknown), None)


def _is_known(layer: dict[str, Any]) -> bool:
    import keras

    kind = layer["class_name"]
    registered = layer.get("registered_name") or kind
    return (
        kind in _NETWORKS
        or hasattr(keras.layers, kind)
        or keras.saving.get_registered_object(registered) is not None
        or keras.saving.get_registered_object(f"detection_model>{kind}") is not None
    )


def _layers(config: Any) -> Sequence[dict[str, Any]]:
    """The entries of `layers` lists: no initialisers, policies or losses."""
    lists = [
        options.get("layers") or []
        for node in layer_configs(config)
        if isinstance(options := node.get("config"), dict)
    ]
    entries = [entry for layers in lists for entry in layers if isinstance(entry, dict)]
    return [entry for entry in entries if isinstance(entry.get("class_name"), str)]


def _unknown_option(error: Exception) -> str | None:
    text = str(error)
    matches = (pattern.search(text) for pattern in _OPTION)
    match = next(filter(None, matches), None)
    if match is None:
        return None
    layer = match.groupdict().get("layer")
    if layer is None and (where := re.search(r"deserializing class '(\w+)'", text)):
        layer = where[1]
    option = f"the option {match['option']}"
    return f"{option} of {layer}" if layer else option


def _reason(error: Exception, path: Path) -> str:
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    # Keras loads a link to the file, in a temporary folder.
    line = re.sub(r"\S*/model\.(keras|h5)", path.name, line)
    return line.replace(str(path), path.name).replace(str(path.parent), "")[:_LONGEST]


def _major(version: str) -> int:
    digits = re.match(r"\d+", version)
    return int(digits[0]) if digits else 0
