"""How fast does a training step get its pictures? Examples a second, and their ratios.

    python detection-model/benchmarks/input_pipeline.py --data data/Dataset

Measured are, in turns so that a busy machine disturbs all alike: the library's pipeline, the
same model on one batch that stays in memory, the library's pipeline with augmentation, and
`image_dataset_from_directory` as the reference project reads its pictures. The median counts.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from detection_model.training import building
from detection_model.training.config import TrainConfig, configured
from detection_model.training.devices import find_devices
from detection_model.training.loading import load_data
from detection_model.training.reporting import Reporter
from detection_model.training.stages import stages
from detection_model.zoo import ZOO

AUGMENTED = {"flip": True, "rotation": 10, "brightness": 0.2, "jpeg": 50, "blur": 1}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--recipe", default="v3")
    parser.add_argument("--weights", default=None, help="of a backbone; none: random ones")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=30, help="a measurement")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    config = configured(
        given.recipe,
        {"data": str(given.data), "batch_size": given.batch_size, "weights": given.weights},
    )
    streams = sources(config)
    model = building.new_model(config)
    building.compile_for(model, config, stages(config, ZOO[config.recipe])[0])
    for name, stream in streams.items():  # each reads ahead, and files come into the cache
        rate(model, stream, 3, config.batch_size)
        print(f"ready: {name}", flush=True)
    found: dict[str, list[float]] = {name: [] for name in streams}
    for _ in range(given.rounds):
        for name, stream in streams.items():
            found[name].append(rate(model, stream, given.steps, config.batch_size))
    show(found, f"{config.recipe}, batches of {config.batch_size}, {find_devices().said}")


def sources(config: TrainConfig) -> dict[str, Iterator[Any]]:
    """What is compared, each an endless iterator of batches."""
    data = load_data(config, Reporter())
    altered = config.model_copy(update={"augmentation": AUGMENTED})
    altered = TrainConfig.model_validate(altered.model_dump())
    batch = next(iter(building.batches(config, data, 0)))
    directory = next(path for path in Path(config.data).iterdir() if path.name.lower() == "train")
    reference = keras.utils.image_dataset_from_directory(
        directory,
        image_size=(data.spec.height, data.spec.width),
        batch_size=config.batch_size,
        label_mode="binary",
    )
    return {
        "in memory": iter(tf.data.Dataset.from_tensors(batch).repeat()),
        "library": iter(building.batches(config, data, 0)),
        "library, augmented": iter(building.batches(altered, data, 0)),
        "reference": iter(reference.repeat()),
    }


def rate(model: Any, stream: Iterator[Any], steps: int, batch_size: int) -> float:
    """Examples a second of the model's own training step."""
    began = time.perf_counter()
    for _ in range(steps):
        model.train_on_batch(*next(stream))
    return steps * batch_size / (time.perf_counter() - began)


def show(found: dict[str, list[float]], title: str) -> None:
    """A table; ratios are medians of those within a round."""
    memory, reference = np.array(found["in memory"]), np.array(found["reference"])
    print(f"\n{title}\n\n| pictures | examples/s | of in memory | of reference |")
    print("|---|---|---|---|")
    for name, rates in found.items():
        of_memory, of_reference = np.median(rates / memory), np.median(rates / reference)
        middle = statistics.median(rates)
        print(f"| {name} | {middle:.1f} | {of_memory:.1%} | {of_reference:.2f} |")


if __name__ == "__main__":
    main()
