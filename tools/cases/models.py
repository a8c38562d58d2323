"""Model files: versions of Keras, names, unknown layers, outputs (cases e*)."""

from collections.abc import Iterator
from pathlib import Path

from cases.registry import Check, files, kind
from detection_model.card import CardError, file_sha256
from detection_model.inference.detector import ModelError, load_model, resolve_card

_SERVED = "served"


def describe(file: Path) -> str:
    """`served`, or the refusal."""
    try:
        model = load_model(file)
        resolve_card(file, file_sha256(file), model.facts)
    except (ModelError, CardError) as error:
        return str(error)
    return _SERVED


def _check(file: Path, *words: str) -> Check:
    """A refusal that contains all words; without words, the file is served."""
    answer = describe(file)
    if not words:
        return Check(file.name, _SERVED, answer)
    expected = "refused with: " + ", ".join(words)
    is_refusal = answer != _SERVED and all(word in answer for word in words)
    return Check(file.name, expected, expected if is_refusal else answer)


# Words of the refusal by file name; files that are not here are served.
_REFUSED: dict[str, tuple[str, ...]] = {
    "custom.keras": ("MyConv", "not part of Keras", "Replace it"),
    "future.keras": ("4.2.0", "Update Keras"),
    "cut.keras": ("incomplete", "copy or download it again"),
    "empty.h5": ("empty", "copy or download it again"),
    "html.h5": ("a web page", "download failed"),
    "lfs.h5": ("Git LFS", "git lfs pull"),
    "keras1-style.h5": ("Keras 1", "tf-keras"),
    "only.weights.h5": ("weights without a network", "save the whole model"),
    "weights-keras2.h5": ("weights without a network", "Keras 2", "save the whole model"),
    "custom-layer.h5": ("SpatialAttention", "not part of Keras", "Replace it"),
    "lambda-code.h5": ("Lambda", "never run"),
    "lambda-module.h5": ("Lambda", "never run"),
    "any-size.keras": ("a fixed size is needed",),
    "nan-weights.keras": ("not all finite",),
    "softmax-1.keras": ("one output with softmax", "card"),
    "softmax-3.keras": ("3 outputs", "card"),
    "tanh-1.keras": ("tanh", "sigmoid, softmax or logits"),
}


@kind("e")
def models(case: Path) -> Iterator[Check]:
    """A file is served, or refused in one line that says what it is and what to do."""
    for file in files(case):
        yield _check(file, *_REFUSED.get(file.name, ()))
