"""Cost of a ZIP job over the bare engine: the same pictures, models and threads without a job.

`python jobs.py MODELS_FOLDER MODEL PICTURES_FOLDER [--state FOLDER]` prints Markdown. Both run in
turns, so that a busy machine slows them alike; read the ratios.
"""

import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from stages import parse_arguments, prepared

from app.core.settings import Settings
from app.inference.pipeline import predict
from app.inference.registry import Registry
from app.jobs.archive_worker import ArchiveWorker
from app.schemas.jobs import JobModel, JobParameters
from app.storage.database import Database
from app.storage.jobs import JobStore
from detection_model.imaging import Limits
from detection_model.inference.pipeline import PredictOptions


class Cost(NamedTuple):
    """Seconds of wall time, and of CPU time on all processors."""

    wall: float
    cpu: float


def cost(work: Callable[[], object]) -> Cost:
    """Run `work` and measure it."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def main() -> None:
    """Print the table."""
    options = parse_arguments(__doc__, count=200, rounds=5)
    files = sorted(options.pictures.rglob("*.jpg"))[: options.count]
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        if options.state:
            (state / "cache").symlink_to((options.state / "cache").resolve())
        settings = Settings(models_dir=options.models, state_dir=state)
        registry = prepared(settings, options.model, threads=settings.threads)
        print(f"{options.model}, {len(files)} pictures, {settings.threads} threads\n")
        print(table(settings, registry, options.model, files, options.rounds))


def table(settings: Settings, registry: Registry, name: str, files: list[Path], rounds: int) -> str:
    """Time the bare engine and a job in turns; return a Markdown table."""
    model = registry.ready()[name]
    pictures = [path.read_bytes() for path in files]
    database = Database(settings.store_url)
    store = JobStore(database)
    worker = ArchiveWorker(store, settings)
    settings.jobs_dir.mkdir(parents=True)
    request = JobModel(
        name=name,
        sha256=model.sha256,
        threshold=model.threshold().value,
        threshold_source="card",
    )
    parameters = JobParameters(models=[request])
    options = PredictOptions(request.threshold, consistency="never")

    def bare() -> None:
        with ThreadPoolExecutor(settings.threads) as threads:
            list(threads.map(lambda data: predict(data, [(model, options)], Limits()), pictures))

    def job() -> None:
        worker.step()

    costs: dict[str, list[Cost]] = {"bare engine": [], "job": []}
    for number in range(-1, rounds):  # the first warms up
        identity = f"{number + 1:032x}"
        with zipfile.ZipFile(settings.jobs_dir / f"{identity}.zip", "w") as archive:
            for index, data in enumerate(pictures):
                archive.writestr(f"{index}.jpg", data)
        store.add(identity, "pictures.zip", parameters, len(pictures))
        for kind, work in (("bare engine", bare), ("job", job)):
            took = cost(work)
            costs[kind] += [took] if number >= 0 else []
    database.close()
    lines = ["| | pictures a second | ratio of time | ratio of CPU |", "| --- | --- | --- | --- |"]
    for kind, values in costs.items():
        pairs = list(zip(values, costs["bare engine"], strict=True))
        wall = statistics.median(a.wall / b.wall for a, b in pairs)
        cpu = statistics.median(a.cpu / b.cpu for a, b in pairs)
        rate = len(pictures) / min(value.wall for value in values)
        lines.append(f"| {kind} | {rate:.0f} | {wall:.2f} | {cpu:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
