"""Converts a `.keras` file to LiteRT with logits as output, and checks it against Keras."""

import contextlib
import io
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from detection_model.card import ModelFacts, file_sha256
from detection_model.detector import LoadedModel, load_model
from detection_model.export.compiled import LITERT_FILE, Compiled
from detection_model.export.runtime import LiteRT

# Farther apart than this in probability, the converted model is not used.
TOLERANCE = 1e-3
_PICTURES = 8


def compile_model(path: Path, sha256: str, folder: Path) -> Compiled:
    """Prepare a model file for serving into `folder`.

    Falls back to TensorFlow, saying why, where the model does not convert or its converted
    form differs by more than 1e-3 in probability.

    Raises:
        ModelError: the file is no model that can be served.
    """
    model = load_model(path)
    try:
        difference = _convert(model, folder / LITERT_FILE)
    except Exception as error:  # noqa: BLE001  converters raise nearly anything
        return _fallback(
            sha256, model.facts, f"does not convert to LiteRT ({type(error).__name__})"
        )
    if not difference <= TOLERANCE:
        note = f"converted to LiteRT it differs by {difference:.2g} in probability"
        return _fallback(sha256, model.facts, note)
    return Compiled(
        sha256=sha256,
        engine="litert",
        engine_version=version("ai-edge-litert"),
        facts=model.facts,
        converted_sha256=file_sha256(folder / LITERT_FILE),
        max_difference=difference,
    )


def generated_pictures(facts: ModelFacts, seed: int = 0) -> NDArray[np.float32]:
    """Inputs for a parity check: smooth colours and noise, float32 (8, height, width, 3)."""
    rng = np.random.default_rng(seed)
    top = 255 if facts.rescales else 1
    rows = np.linspace(0, 1, facts.height)[:, None, None]
    columns = np.linspace(0, 1, facts.width)[None, :, None]
    shape = (_PICTURES, facts.height, facts.width, 3)
    mix = rng.random((_PICTURES, 1, 1, 3))
    smooth = mix * rows + (1 - mix) * columns
    noise = rng.random(shape) * rng.random((_PICTURES, 1, 1, 1))
    return (np.clip(smooth + noise - 0.25, 0, 1) * top).astype(np.float32)


def _convert(model: LoadedModel, target: Path) -> float:
    """Write the LiteRT file; returns the largest difference in probability from Keras."""
    with contextlib.redirect_stdout(io.StringIO()):
        model.logits.export(target, format="litert", verbose=False)
    pictures = generated_pictures(model.facts)
    expected = model.logits.predict(pictures, verbose=0)
    converted = LiteRT(target.read_bytes())(pictures)
    difference = np.abs(_probabilities(expected) - _probabilities(converted))
    return float(difference.max())


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
