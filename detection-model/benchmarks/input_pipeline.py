"""Speed of the input pipeline during training: examples a second, and their ratios.

    python detection-model/benchmarks/input_pipeline.py --data data/Dataset

Compared are one batch that stays in memory, the library's pipeline, the same with augmentation,
and `image_dataset_from_directory` as the reference project reads its pictures. They take short
turns with the same model, round after round until the time is used up: a ratio is taken within a
round and the median of the rounds counts, so that a busy machine disturbs all alike. A turn
begins with steps that are not counted, which use up what was read ahead, and ends when nothing is
read ahead any more, so that no source works in another one's turn. What a picture costs of the
processor is measured without a network, and depends least on what else runs.
"""

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from detection_model.architectures import RECIPES
from detection_model.training import network
from detection_model.training.config import TrainConfig, configured
from detection_model.training.loading import load_data
from detection_model.training.network import stages
from detection_model.training.run import Reporter, find_devices

AUGMENTED = {"flip": True, "rotation": 10, "brightness": 0.2, "jpeg": 50, "blur": 1}
# More batches than a source keeps ready: two it waits with, and those its workers hold.
UNCOUNTED = 4
Streams = dict[str, Iterator[Any]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--recipe", default="v3")
    parser.add_argument("--weights", default=None, help="of a backbone; none: random ones")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--steps", type=int, default=6, help="counted in a turn")
    parser.add_argument("--seconds", type=float, default=110, help="for all; no round is broken")
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    config = configured(
        options.recipe,
        {"data": str(options.data), "batch_size": options.batch_size, "weights": options.weights},
    )
    streams = sources(config)
    model = network.new_model(config)
    network.compile_for(model, config, stages(config, RECIPES[config.recipe])[0])
    costs = {name: cost(stream) / options.batch_size for name, stream in streams.items()}
    rates = rounds(model, streams, options.steps, end) * options.batch_size
    show(
        rates,
        costs,
        f"{config.recipe}, batches of {config.batch_size}, {find_devices().description}",
    )


def sources(config: TrainConfig) -> Streams:
    """The pipelines to compare, each an endless iterator of batches."""
    data = load_data(config, Reporter())
    altered = config.model_copy(update={"augmentation": AUGMENTED})
    altered = TrainConfig.model_validate(altered.model_dump())
    batch = next(iter(network.batches(config, data, 0)))
    directory = next(path for path in Path(config.data).iterdir() if path.name.lower() == "train")
    reference = keras.utils.image_dataset_from_directory(
        directory,
        image_size=(data.spec.height, data.spec.width),
        batch_size=config.batch_size,
        label_mode="binary",
        verbose=False,
    )
    streams = {
        "in memory": tf.data.Dataset.from_tensors(batch).repeat(),
        "library": network.batches(config, data, 0),
        "library, augmented": network.batches(altered, data, 0),
        "reference": reference.repeat(),
    }
    # The last batch of an epoch is smaller, and the network would be compiled again for it.
    return {
        name: (batch for batch in stream if len(batch[0]) == config.batch_size)
        for name, stream in streams.items()
    }


def cost(stream: Iterator[Any], batches: int = 20) -> float:
    """Seconds of the processor, on all cores together, that a batch takes without a network."""
    next(stream)
    settle()
    began = time.process_time()
    for _ in range(batches):
        next(stream)
    settle()
    return (time.process_time() - began) / batches


def rounds(model: Any, streams: Streams, steps: int, end: float) -> Any:
    """Batches a second of every source, (rounds, sources), for as long as a round still fits."""
    for stream in streams.values():  # compiles the step
        turn(model, stream, 1)
    rates: list[list[float]] = []
    longest = 0.0
    while not rates or time.monotonic() + longest < end:
        began = time.monotonic()
        rates.append([turn(model, stream, steps) for stream in streams.values()])
        longest = max(longest, time.monotonic() - began)
        print(f"round {len(rates)}: {longest:.0f} s", flush=True)
    return np.array(rates)


def turn(model: Any, stream: Iterator[Any], steps: int) -> float:
    """Steps a second of the model's own training step, once what was read ahead is used up."""
    for _ in range(UNCOUNTED):
        model.train_on_batch(*next(stream))
    began = time.perf_counter()
    for _ in range(steps):
        model.train_on_batch(*next(stream))
    seconds = time.perf_counter() - began
    settle()
    return steps / seconds


def settle(longest: float = 5) -> None:
    """Wait until this process computes no more: all is read ahead that will be."""
    end = time.monotonic() + longest
    while time.monotonic() < end:
        before = time.process_time()
        time.sleep(0.1)
        if time.process_time() - before < 0.01:
            return


def show(rates: Any, costs: dict[str, float], title: str) -> None:
    """A table; ratios are medians of those within a round, between the lowest and the highest."""
    names = list(costs)
    print(f"\n{title}, {len(rates)} rounds\n")
    print("| pictures | examples/s | of in memory | of reference | processor, ms a picture |")
    print("|---|---|---|---|---|")
    for name, of_name in zip(names, rates.T, strict=True):
        ratios = [of_name / rates[:, names.index(other)] for other in ("in memory", "reference")]
        cells = " | ".join(
            f"{np.median(ratio):.1%} ({ratio.min():.1%} to {ratio.max():.1%})" for ratio in ratios
        )
        print(f"| {name} | {np.median(of_name):.1f} | {cells} | {1000 * costs[name]:.2f} |")


if __name__ == "__main__":
    main()
