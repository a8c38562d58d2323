"""Processor time of `detection-model bulk` a picture: local processes, and Ray with 1 to 4 nodes.

    python bulk_nodes.py MODEL.keras PICTURES

The nodes are processes of this machine with one CPU each, so the table tells what Ray and a further
node cost, not how much faster a cluster is. Prints Markdown. Needs `detection-model[train,ray]` and
psutil. Models are loaded before the measurement, which takes each picture several times.
"""

import argparse
import multiprocessing
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil

from detection_model.bulk.executors import Executor, LocalProcesses, RayTasks, score_missing
from detection_model.bulk.results import open_results
from detection_model.bulk.rows import Scorer, convert
from detection_model.inference.pipeline import PredictOptions

LOCAL, NODES = 2, (1, 2, 4)


@contextmanager
def on_ray(scorer: Scorer, nodes: int) -> Iterator[Executor]:
    """Tasks on a cluster of so many nodes."""
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    try:
        for _ in range(nodes):
            cluster.add_node(num_cpus=1)
        executor = RayTasks(scorer, cluster.address)
        yield executor
        executor.close()
    finally:
        cluster.shutdown()


@contextmanager
def locally(scorer: Scorer, processes: int) -> Iterator[Executor]:
    """A pool of processes."""
    executor = LocalProcesses(scorer, processes)
    yield executor
    executor.close()


def processor_seconds() -> float:
    """User and system time of this process and all that it started."""
    own = psutil.Process()
    total = 0.0
    for process in (own, *own.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def milliseconds(scorer: Scorer, executor: Executor, pictures: Path, rounds: int) -> float:
    """Processor time a picture, after one round that does not count."""
    before, done = 0.0, 0
    for number in range(rounds + 1):
        with tempfile.TemporaryDirectory() as out:
            results = open_results(Path(out), [str(pictures)], scorer, 1024)
            score_missing(results, executor, lambda _done, _total: None)
            done += results.manifest.pictures if number else 0
        if not number:
            before = processor_seconds()
    return (processor_seconds() - before) / done * 1000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("pictures", type=Path, help="a folder")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            model = options.model.resolve()
            scorer = process.submit(convert, model, PredictOptions(), Path(cache)).result()
        places = {f"{LOCAL} local processes": locally(scorer, LOCAL)}
        places |= {f"Ray, nodes: {nodes}": on_ray(scorer, nodes) for nodes in NODES}
        print("| where | CPU ms a picture | ratio |\n| --- | --- | --- |")
        first = 0.0
        for name, place in places.items():
            with place as executor:
                cost = milliseconds(scorer, executor, options.pictures.resolve(), options.rounds)
            first = first or cost
            print(f"| {name} | {cost:.1f} | {cost / first:.2f} |", flush=True)


if __name__ == "__main__":
    main()
