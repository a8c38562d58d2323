"""Converts a model file to LiteRT with logits as output, and checks it against Keras."""

import contextlib
import io
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from detection_model.card import InputSpec, ModelFacts, file_sha256
from detection_model.export.compiled import LITERT_FILE, Compiled
from detection_model.imaging import decode, to_input
from detection_model.inference.detector import LoadedModel, load_model
from detection_model.inference.runtime import LiteRT

# Largest difference in probability at which the converted model is used.
TOLERANCE = 1e-3


class Differences(NamedTuple):
    """Largest differences between two engines."""

    probability: float
    logit: float


def compile_model(path: Path, sha256: str, folder: Path) -> Compiled:
    """Convert a model file for serving into `folder`.

    Falls back to TensorFlow, with a note, if the model does not convert or the converted model
    differs by more than 1e-3 in probability.

    Raises:
        ModelError: the file is not a model that can be served.
    """
    model = load_model(path)
    try:
        differences = _convert(model, folder / LITERT_FILE)
    except Exception as error:  # noqa: BLE001  converters raise nearly anything
        return _fallback(
            sha256, model.facts, f"does not convert to LiteRT ({type(error).__name__})"
        )
    # "Not <=" instead of ">": NaN counts as a failed comparison.
    if not differences.probability <= TOLERANCE:
        note = f"converted to LiteRT it differs by {differences.probability:.2g} in probability"
        return _fallback(sha256, model.facts, note)
    return Compiled(
        sha256=sha256,
        engine="litert",
        engine_version=version("ai-edge-litert"),
        facts=model.facts,
        converted_sha256=file_sha256(folder / LITERT_FILE),
        max_difference=differences.probability,
        max_logit_difference=differences.logit,
    )


def parity_pictures(facts: ModelFacts) -> NDArray[np.float32]:
    """Inputs for a parity check: generated images from this package, none of a person.

    Returns:
        float32 (8, facts.height, facts.width, 3), in [0, 255] if the model rescales, else [0, 1].
    """
    top = 255.0 if facts.rescales else 1.0
    spec = InputSpec(height=facts.height, width=facts.width, value_range=(0, top))
    files = sorted((Path(__file__).parent / "parity").glob("*.jpg"))
    return np.stack([to_input(decode(file.read_bytes()).pixels, spec) for file in files])


def _convert(model: LoadedModel, target: Path) -> Differences:
    """Write the LiteRT file, and return the largest differences from Keras."""
    with contextlib.redirect_stdout(io.StringIO()):
        model.logits.export(target, format="litert", verbose=False)
    pictures = parity_pictures(model.facts)
    expected = model.logits.predict(pictures, verbose=0)
    converted = LiteRT(target.read_bytes())(pictures)
    return Differences(
        probability=_largest(_probabilities(expected), _probabilities(converted)),
        logit=_largest(expected, converted),
    )


def _largest(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.abs(a - b).max())


def _probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    values = logits.astype(np.float64)
    if values.shape[1] == 1:
        values = np.concatenate([np.zeros_like(values), values], axis=1)
    exponents = np.exp(values - values.max(axis=1, keepdims=True))
    return cast(NDArray[np.float64], exponents / exponents.sum(axis=1, keepdims=True))


def _fallback(sha256: str, facts: ModelFacts, note: str) -> Compiled:
    return Compiled(
        sha256=sha256,
        engine="tensorflow",
        engine_version=_tensorflow_version(),
        facts=facts,
        note=note,
    )


def _tensorflow_version() -> str:
    import tensorflow as tf

    return str(cast(Any, tf).__version__)
