"""Lists the models folder: each file's role and its problem."""

from collections.abc import Mapping
from pathlib import Path

from app.inference.models import Slot
from app.schemas.models import FolderFile
from detection_model.card import EVAL_CONFIG, MODEL_SUFFIXES, natural_order
from detection_model.export.litert import published_folder, read_compiled

_SAVE = "Save the model in Keras with model.save('NAME.keras')."
_FOREIGN = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".safetensors", ".bin"), "PyTorch weights"),
    ".onnx": "an ONNX model",
    ".tflite": "a LiteRT model",
    ".pb": "a TensorFlow graph",
    **dict.fromkeys((".zip", ".gz", ".tar", ".7z", ".rar"), "an archive"),
}
_IGNORED = {".md", ".txt"}


def list_files(folder: Path, slots: Mapping[str, Slot]) -> list[FolderFile]:
    """Visible files in natural order; empty if the folder is missing."""
    try:
        paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []
    files = [_describe(path, slots) for path in paths if path.suffix.lower() not in _IGNORED]
    return sorted(files, key=lambda file: natural_order(file.name))


def _describe(path: Path, slots: Mapping[str, Slot]) -> FolderFile:
    name, stem = path.name, path.stem
    if path.suffix.lower() in MODEL_SUFFIXES and path.is_file():
        return FolderFile(name=name, role="model", model=stem, problem=_model(path, slots))
    if name == EVAL_CONFIG:
        return FolderFile(name=name, role="eval_config", model=None)
    if name.endswith(f".{EVAL_CONFIG}"):
        stem = name.removesuffix(f".{EVAL_CONFIG}")
        return FolderFile(name=name, role="eval_config", model=stem, problem=_orphan(stem, slots))
    if path.suffix == ".json":
        return FolderFile(name=name, role="card", model=stem, problem=_orphan(stem, slots))
    if path.suffix == ".eval":
        problem = _orphan(stem, slots) or _outdated(stem, slots)
        return FolderFile(name=name, role="evaluation", model=stem, problem=problem)
    if path.suffix == published_folder(path).suffix and path.is_dir():
        problem = _orphan(stem, slots) or _outdated_conversion(path, slots[stem])
        return FolderFile(name=name, role="conversion", model=stem, problem=problem)
    return FolderFile(name=name, role="other", model=None, problem=_foreign(path))


def _model(path: Path, slots: Mapping[str, Slot]) -> str | None:
    slot = slots.get(path.stem)
    if slot is None:
        return "It was added just now."
    if slot.file.path.name != path.name:
        return f"{slot.file.path.name} has the same name and is used instead. Rename one of them."
    return slot.problem


def _orphan(model: str, slots: Mapping[str, Slot]) -> str | None:
    if model in slots:
        return None
    files = " or ".join(f"{model}{suffix}" for suffix in MODEL_SUFFIXES[:2])
    return f"It belongs to no model here: {files} is missing."


def _outdated(model: str, slots: Mapping[str, Slot]) -> str | None:
    served = slots[model].served
    if served is None or served.evaluation is not None:
        return None
    return f"It is of another model file. Run: detection-model eval run {model} --data FOLDER"


def _outdated_conversion(folder: Path, slot: Slot) -> str | None:
    report = read_compiled(folder)
    # A slot learns the hash of its file only when the file is at rest.
    if report is not None and slot.sha256 in (None, report.sha256):
        return None
    return (
        "It is damaged or of another model file, so the service converts the model itself. "
        f"Run: detection-model model convert {slot.name}"
    )


def _foreign(path: Path) -> str:
    if (path / "saved_model.pb").exists():
        return f"It is a SavedModel folder, which is not supported. {_SAVE}"
    if path.is_dir():
        return "Folders are not searched. Put the .keras file directly into this folder."
    kind = _FOREIGN.get(path.suffix.lower())
    return (
        f"It is {kind}, which is not supported. {_SAVE}"
        if kind
        else f"It is not a model file. {_SAVE}"
    )
