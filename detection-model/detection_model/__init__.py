"""Detectors of generated portraits: train, evaluate, predict, explain, export.

    from detection_model import PredictOptions, load, predict

    model = load("models/v4.keras")
    result = predict(model, Path("portrait.jpg"), PredictOptions(threshold=0.4))
    print(result.verdict.verdict, result.leading_face)

Importing this package imports neither TensorFlow nor NumPy; `load` imports TensorFlow.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detection_model.inference.detector import load
    from detection_model.inference.pipeline import ImageResult, PredictOptions, predict

__all__ = ["ImageResult", "PredictOptions", "load", "predict"]
__version__ = version("detection-model")

_MODULES = {
    "ImageResult": "pipeline",
    "PredictOptions": "pipeline",
    "load": "detector",
    "predict": "pipeline",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"detection_model.inference.{_MODULES[name]}"), name)
