"""Cost of face detection and of the consistency check, as ratios to a request without them.

`python checks.py MODELS_FOLDER MODEL PICTURES_FOLDER [ROUNDS]` prints Markdown. A model for
whole pictures is measured as if it were made for faces.
"""

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.core.resources import available_cpus, available_memory
from app.inference.models import ServedModel
from app.inference.pipeline import predict
from app.inference.registry import Registry
from app.worker.conversion import ModelConverter
from detection_model.imaging import Limits
from detection_model.inference.pipeline import PredictOptions

_MARGIN = 0.3
_PICTURES = 24


def main(models: Path, name: str, folder: Path, rounds: int = 15) -> None:
    """Time each kind of request on each picture in turns, so that a busy moment hits all alike."""
    pictures = [path.read_bytes() for path in sorted(folder.rglob("*.jpg"))[:_PICTURES]]
    with tempfile.TemporaryDirectory() as cache:
        model = served(models, name, Path(cache))
        kinds = {
            "whole picture": (model, PredictOptions(0.5, whole=True, consistency="never")),
            "faces": (model, PredictOptions(0.5, consistency="never")),
            "faces and stability": (model, PredictOptions(0.5, consistency="always")),
        }
        took = {kind: np.empty((rounds, len(pictures))) for kind in kinds}
        for number in range(-1, rounds):  # the first warms up
            for at, data in enumerate(pictures):
                for kind, model_request in kinds.items():
                    start = time.perf_counter()
                    predict(data, [model_request], Limits(), alone=True)
                    took[kind][number, at] = (time.perf_counter() - start) * 1000
    base = took["whole picture"]
    print(f"{name}, {len(pictures)} pictures, {rounds} rounds, {available_cpus()} cores\n")
    print("| request | median ms | ratio (median) | quartiles |\n| --- | --- | --- | --- |")
    for kind, values in took.items():
        low, middle, high = statistics.quantiles((values / base).ravel(), n=4)
        print(f"| {kind} | {np.median(values):.1f} | {middle:.2f} | {low:.2f} to {high:.2f} |")


def served(models: Path, name: str, cache: Path) -> ServedModel:
    """The model as the service loads it, with a face margin."""
    preparer = ModelConverter(models, cache)
    registry = Registry(models, cache, threads=available_cpus(), memory=available_memory() // 2)
    for _ in range(2):  # the second look finds every file still
        preparer.step()
        registry.refresh()
    registry.refresh()
    model = registry.ready()[name]
    margin = model.card.input.face_margin
    spec = model.card.input.model_copy(
        update={"face_margin": _MARGIN if margin is None else margin}
    )
    return replace(model, card=model.card.model_copy(update={"input": spec}))


if __name__ == "__main__":
    folders = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    main(*folders, *map(int, sys.argv[4:5]))
