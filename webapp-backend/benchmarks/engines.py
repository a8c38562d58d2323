"""Engines for one model: time and processor time a picture, by batch and threads.

`python engines.py MODEL…` prints a table; ONNX Runtime and OpenVINO take part where installed.
Every engine computes the same logits; the table has the largest difference from TensorFlow.
"""

import argparse
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from numpy.typing import NDArray

from app.core.resources import available_cpus
from detection_model.export.litert import parity_pictures
from detection_model.inference.detector import LoadedModel, load_model
from detection_model.inference.runtime import TensorFlow

Array = NDArray[np.float32]
Call = Callable[[Array], Array]
BATCHES = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Candidate:
    """An engine: `make(batch, threads)` gives a function of its own interpreter."""

    name: str
    make: Callable[[int, int], Call]


def candidates(model: LoadedModel, folder: Path) -> Iterator[Candidate]:
    """Every engine that is installed and to which the model converts."""
    facts = model.facts
    function = TensorFlow(model.logits, height=facts.height, width=facts.width)
    yield Candidate("tf.function", lambda _batch, _threads: function)
    yield Candidate("LiteRT", litert(model, folder / "model.tflite"))
    for name, convert in (("ONNX Runtime", onnx_runtime), ("OpenVINO", openvino)):
        try:
            yield Candidate(name, convert(model, folder))
        except Exception as error:  # noqa: BLE001  not installed, or it does not convert
            print(f"{name} is left out: {type(error).__name__}: {error}", file=sys.stderr)


def litert(model: LoadedModel, path: Path) -> Callable[[int, int], Call]:
    """XNNPACK through ai-edge-litert."""
    from ai_edge_litert.interpreter import Interpreter

    model.logits.export(path, format="litert", verbose=False)

    def make(batch: int, threads: int) -> Call:
        interpreter = Interpreter(str(path), num_threads=threads)
        into = interpreter.get_input_details()[0]
        out = interpreter.get_output_details()[0]["index"]
        interpreter.resize_tensor_input(into["index"], [batch, *into["shape"][1:]])
        interpreter.allocate_tensors()

        def call(pictures: Array) -> Array:
            interpreter.set_tensor(into["index"], pictures)
            interpreter.invoke()
            outputs: Array = interpreter.get_tensor(out)
            return outputs

        return call

    return make


def onnx_runtime(model: LoadedModel, folder: Path) -> Callable[[int, int], Call]:
    """ONNX Runtime's own CPU provider."""
    import onnxruntime as ort

    path = folder / "model.onnx"
    model.logits.export(path, format="onnx", verbose=False)

    def make(_batch: int, threads: int) -> Call:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda pictures: session.run(None, {name: pictures})[0]

    return make


def openvino(model: LoadedModel, folder: Path) -> Callable[[int, int], Call]:
    """OpenVINO's CPU plug-in."""
    import openvino as ov

    saved = folder / "saved"
    model.logits.export(saved, format="tf_saved_model", verbose=False)
    core = ov.Core()
    converted = ov.convert_model(str(saved))

    def make(_batch: int, threads: int) -> Call:
        options = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
        compiled: Any = core.compile_model(converted, "CPU", options)
        return lambda pictures: compiled(pictures)[0]

    return make


def measure(make: Callable[[int, int], Call], pictures: Array, workers: int, threads: int,
            seconds: float) -> tuple[float, float]:  # fmt: skip
    """Pictures a second, and CPU milliseconds a picture, of several workers in parallel."""
    batch = len(pictures)
    calls = [make(batch, threads) for _ in range(workers)]
    for call in calls:
        call(pictures)
    done = [0] * workers
    before, begin = _cpu(), time.perf_counter()

    def work(number: int) -> None:
        while time.perf_counter() < begin + seconds:
            calls[number](pictures)
            done[number] += batch

    running = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    took = time.perf_counter() - begin
    return sum(done) / took, (_cpu() - before) / sum(done) * 1000


def table(path: Path, seconds: float) -> None:
    """Print one model's rows."""
    model = load_model(path)
    cpus = available_cpus()
    some = np.concatenate([parity_pictures(model.facts)] * 4)
    print(f"\n{path.stem}: pictures/s (CPU ms a picture)\n")
    ways = [(1, cpus, b) for b in BATCHES] + [(cpus, 1, b) for b in BATCHES]
    columns: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        expected: Array | None = None
        for candidate in candidates(model, Path(folder)):
            logits = np.asarray(candidate.make(8, cpus)(some[:8]))
            expected = logits if expected is None else expected
            cells = columns.setdefault(candidate.name, [f"{np.abs(logits - expected).max():.1e}"])
            for workers, threads, batch in ways:
                rate, cpu = measure(candidate.make, some[:batch], workers, threads, seconds)
                cells.append(f"{rate:.0f} ({cpu:.2f})")
    heads = [f"{w} x {t} threads, batch {b}" for w, t, b in ways]
    rows = zip(["largest difference in logits", *heads], *columns.values(), strict=True)
    for cells_of_row in (("", *columns), ["---"] * (len(columns) + 1), *rows):
        print(f"| {' | '.join(cells_of_row)} |")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each cell")
    arguments = parser.parse_args()
    for path in arguments.models:
        table(path, arguments.seconds)


if __name__ == "__main__":
    main()
