"""Processor time of each stage of a default prediction.

`python stages.py MODELS_FOLDER MODEL PICTURES_FOLDER [--state FOLDER]` prints Markdown.
Each picture passes all stages before the next, so that a busy machine slows all alike; read the
shares. Times are of one thread with one interpreter each, without waiting.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from app.core.settings import Settings
from app.inference.models import ServedModel
from app.inference.pipeline import predict
from app.inference.predictions import prediction
from app.inference.provenance import statement_of
from app.inference.registry import Registry
from app.worker.conversion import ModelConverter
from detection_model import imaging
from detection_model.faces import find_faces
from detection_model.faces.search import search
from detection_model.imaging import Limits
from detection_model.inference.crops import Crop
from detection_model.inference.pipeline import PredictOptions
from detection_model.inference.runtime import Engine
from detection_model.inference.uncertainty import out_of_distribution, perturbed_crops

T = TypeVar("T")


class Stages:
    """Sums the processor time of calls by stage."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def __call__(self, stage: str, work: Callable[[], T]) -> T:
        """Time some work of a stage and return its result."""
        start = time.thread_time()
        result = work()
        self.seconds[stage] += time.thread_time() - start
        return result


def run(model: ServedModel, data: bytes, stages: Stages) -> bool:
    """Pass one picture through all stages; True if consistency was checked."""
    margin, engine = model.face_margin, model.engine
    assert engine is not None, "an ensemble has no stages of its own"
    whole = stages(
        "**default prediction**", lambda: predict(data, [(model, PredictOptions())], Limits())
    )
    picture = stages("decode", lambda: imaging.decode(data))
    stages("provenance", lambda: statement_of(data, None))
    crops = [Crop(picture.pixels)]
    if margin is not None:
        upright = stages("faces: detector", lambda: find_faces(picture.pixels))
        faces = stages("faces: wider search", lambda: search(picture.pixels, upright)).faces
        crops = [Crop(picture.pixels, face) for face in faces[:8]] or crops
    result = whole.results[0]
    verdicts = [face.verdict for face in result.faces] or [result.verdict]
    for crop, verdict in zip(crops, verdicts, strict=True):
        _run_crop(model, engine, crop, stages, is_checked=verdict.stability is not None)
    stages("answer", lambda: prediction(whole, 0, "card").model_dump_json())
    return any(verdict.stability is not None for verdict in verdicts)


def _run_crop(
    model: ServedModel, engine: Engine, crop: Crop, stages: Stages, *, is_checked: bool
) -> None:
    spec, margin = model.card.input, model.face_margin
    pixels = stages("crop and resize", lambda: imaging.resize(crop.pixels(margin), spec))
    batch = stages("scale to the input's range", lambda: imaging.scale(pixels, spec)[None])
    stages("network", lambda: engine(batch))
    if margin is not None:
        stages("scope checks", lambda: out_of_distribution(crop, margin, model.card))
    if is_checked:
        changed = stages("consistency: four changes", lambda: _changed(crop, model))
        stages("consistency: network", lambda: engine(changed))


def _changed(crop: Crop, model: ServedModel) -> NDArray[np.float32]:
    changed = perturbed_crops(crop).values()
    return np.stack([crop.model_input(model.card.input) for crop in changed])


def prepared(settings: Settings, name: str, *, threads: int) -> Registry:
    """A registry of the service's models; converts those that are not converted, `name` first."""
    converter = ModelConverter(settings.models_dir, settings.cache_dir, lambda: name)
    registry = Registry(
        settings.models_dir, settings.cache_dir, threads=threads, memory=2**31, warm=False
    )
    for _ in range(2):  # the second look finds every file still
        converter.step()
        registry.refresh()
    return registry


def parse_arguments(description: str | None, *, count: int, rounds: int) -> argparse.Namespace:
    """The command line of a benchmark of one model on a folder of pictures."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("models", type=Path, help="folder of .keras files")
    parser.add_argument("model", help="name of the model")
    parser.add_argument("pictures", type=Path, help="folder of JPEG files")
    parser.add_argument("--count", type=int, default=count, help="number of pictures")
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--state", type=Path, help="a service's state, for its converted models")
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    options = parse_arguments(__doc__, count=48, rounds=3)
    files = sorted(options.pictures.rglob("*.jpg"))
    pictures = [path.read_bytes() for path in files[:: max(1, len(files) // options.count)]]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(models_dir=options.models, state_dir=options.state or Path(folder))
        model = prepared(settings, options.model, threads=1).ready()[options.model]
        for data in pictures[:3]:
            run(model, data, Stages())
        stages = Stages()
        rounds = options.rounds
        checked = sum(run(model, data, stages) for _ in range(rounds) for data in pictures)
    passes = rounds * len(pictures)
    whole = stages.seconds["**default prediction**"]
    share = f"{checked / passes:.0%}"
    print(f"{options.model}, {len(pictures)} pictures; consistency checked in {share}\n")
    print("| stage | CPU ms a picture | share |\n| --- | --- | --- |")
    for stage, seconds in stages.seconds.items():
        print(f"| {stage} | {seconds / passes * 1000:.2f} | {seconds / whole:.0%} |")


if __name__ == "__main__":
    main()
