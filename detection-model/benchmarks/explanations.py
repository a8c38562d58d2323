"""Duration of an explanation, in forward passes of the same model.

    python detection-model/benchmarks/explanations.py v3 mobilenetv2 path/to/model.keras

A forward pass of a model (published, or an architecture with random weights, which costs the same)
is one warm `tf.function` call on one picture. Grad-CAM is measured in turns with it, so that a busy
machine disturbs both alike; the median of the ratios counts, and must not exceed 3. The slow
methods are measured once.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from detection_model import architectures, imaging
from detection_model.card import InputSpec, OutputSpec
from detection_model.cli import common
from detection_model.explain.explanation import integrated_gradients, lime, occlusion
from detection_model.explain.log_odds import LogOdds
from detection_model.inference.detector import ModelError, load_model

SLOW: dict[str, Callable[..., Any]] = {
    "integrated gradients": integrated_gradients,
    "occlusion": occlusion,
    "LIME": lime,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=["v3", "mobilenetv2", "efficientnet-lite0"])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--slow", action="store_true", help="the slow methods too")
    options = parser.parse_args()
    slow = SLOW if options.slow else {}
    print("| " + " | ".join(["model", "forward pass, ms", "Grad-CAM", *slow]) + " |")
    print("|---|---|---|" + "---|" * len(slow))
    for name in options.models:
        model, spec = loaded(name)
        shape = (spec.height, spec.width, 3)
        pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
        batch = imaging.scale(pixels[None], spec)
        forward, gradcam = in_turns(model, batch, options.rounds)
        cells = [f"{np.median(forward) * 1e3:.1f}", f"{np.median(gradcam / forward):.2f}"]
        for explain in slow.values():
            duration = seconds(partial(explain, model, pixels, spec))
            cells.append(f"{duration / np.median(forward):.0f} ({duration:.1f} s)")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def loaded(name: str) -> tuple[LogOdds, InputSpec]:
    """A published model, a file, or a network of the zoo."""
    keras.utils.clear_session()
    try:
        path = common.model_path(name, common.MODELS)
        model = load_model(path)
    except ModelError:
        if name not in architectures.RECIPES:
            raise
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "chance.keras"
            architectures.RECIPES[name].build(weights="none").save(path)
            model = load_model(path)
    spec = InputSpec(height=model.facts.height, width=model.facts.width)
    reading = OutputSpec(activation="sigmoid" if model.facts.units == 1 else "softmax")
    return LogOdds(model, reading), spec


def in_turns(model: LogOdds, batch: Any, rounds: int) -> tuple[Any, Any]:
    """Seconds of each forward pass and of the Grad-CAM after it, both warm."""
    for _ in range(3):
        model.values(batch)
        model.gradcam(batch)
    pairs = [
        (seconds(lambda: model.values(batch)), seconds(lambda: model.gradcam(batch)))
        for _ in range(rounds)
    ]
    forward, gradcam = np.array(pairs).T
    return forward, gradcam


def seconds(work: Callable[[], object]) -> float:
    """Print the table."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
