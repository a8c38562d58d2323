"""`detection-model bulk`."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from detection_model.cli import common
from detection_model.inference.pipeline import PredictOptions

if TYPE_CHECKING:
    from detection_model.bulk.executors import Executor
    from detection_model.bulk.results import Manifest
    from detection_model.bulk.rows import Scorer


def bulk(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE…",
            help="A folder, a ZIP archive, or a Parquet table with a column of paths (path, file) "
            "or bytes (bytes, image); also s3:// and gs:// addresses.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Results folder; created if missing.", file_okay=False)],
    model: common.ModelOption = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Replaces the model's threshold.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Judge whole pictures instead of faces.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Local processes; default: one for each CPU.")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Score on a Ray cluster: its address, auto for the one that runs here, local to "
            "start one.",
        ),
    ] = None,
    part: Annotated[int, typer.Option(min=1, help="Pictures in each Parquet file.")] = 1024,
    models: common.ModelsOption = common.MODELS,
) -> None:
    """Score many pictures into Parquet files: one row for each picture, also for bad ones.

    The run can be killed at any time: the same command continues it. The pictures are listed once,
    at the first start; later ones need a new results folder.

      detection-model bulk photos/ more.zip --out results/

      detection-model bulk s3://bucket/photos --out results/ --ray auto
    """
    for package in ("pyarrow", *(("ray",) if ray else ())):
        if find_spec(package) is None:
            extra = "ray" if ray else "bulk"
            common.fail(f"{package} is missing: pip install 'detection-model[{extra}]'")
    from detection_model.bulk.executors import score_missing
    from detection_model.bulk.results import CONVERTED, ResultsError, open_results
    from detection_model.bulk.sources import SourceError

    places = [place if "://" in place else str(Path(place).resolve()) for place in sources]
    if any(out.resolve().is_relative_to(place) for place in places):
        common.fail("the results folder lies in a source: choose another one with --out")
    with common.exit_on_error():
        name = common.model_or_newest(model, models)
        file = common.ensemble_path(name, models) or common.model_path(name, models)
        options = PredictOptions(threshold=threshold, whole=whole)
        out.mkdir(parents=True, exist_ok=True)
        scorer = _converted(file.resolve(), options, out / CONVERTED)
    try:
        results = open_results(out, places, scorer, part)
        executor = _executor(scorer, workers, ray)
        try:
            with common.progress_bar("scoring") as progress:
                score_missing(results, executor, progress)
        finally:
            executor.close()
    except (ResultsError, SourceError) as error:
        common.fail(str(error))
    except _cluster_errors(ray) as error:
        reason = str(error).strip().rpartition("\n")[2]
        common.fail(f"Ray failed, and the same command continues: {reason}")
    except KeyboardInterrupt:
        common.errors.print("\nStopped; the same command continues.")
        raise typer.Exit(130) from None
    _report(results.finish(), out)


def _converted(file: Path, options: PredictOptions, cache: Path) -> "Scorer":
    """The model's converted form, from a process that takes TensorFlow's memory with it."""
    from detection_model.bulk.rows import convert

    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(convert, file, options, cache).result()


def _executor(scorer: "Scorer", workers: int | None, ray: str | None) -> "Executor":
    from detection_model.bulk.executors import LocalProcesses, RayTasks

    if ray:
        return RayTasks(scorer, ray)
    return LocalProcesses(scorer, workers or os.cpu_count() or 1)


def _cluster_errors(ray: str | None) -> tuple[type[Exception], ...]:
    if not ray:
        return ()
    from ray.exceptions import RayError

    return (RayError, ConnectionError)


def _report(manifest: "Manifest", out: Path) -> None:
    counts = ", ".join(f"{count} {name}" for name, count in (manifest.counts or {}).items())
    common.say(f"{manifest.pictures} pictures: {counts}\nResults: {out}")
