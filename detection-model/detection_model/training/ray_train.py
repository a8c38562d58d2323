"""A training on several machines: Ray Train starts its workers on a Ray cluster."""

import logging
import tempfile
from pathlib import Path
from typing import Any

from detection_model.data.folders import find_data
from detection_model.training.config import TrainConfig
from detection_model.training.run import Reporter, TrainingError
from detection_model.training.train import Folders, publication, train
from detection_model.training.workers import Workers

# Ray starts all workers again when one of them or its machine dies; they resume the run.
_FAILURES = 3


def train_on_ray(
    config: TrainConfig, places: Folders, address: str, workers: int, *, force: bool = False
) -> None:
    """Train and publish like `train`, with several workers on a Ray cluster.

    Every worker gets a GPU if the cluster has enough of them. The data set, the folders of models
    and logs and this package must be at the same paths on every machine.

    Args:
        config: of the training.
        places: the folders of models and logs.
        address: of a cluster, `auto` for the one that runs here, `local` to start one.
        workers: number of processes that share the training.
        force: replace a published model.

    Raises:
        TrainingError: the name is published already and `force` is false, or the workers failed;
            the message is the last one's.
        DataError: the data set is unusable.
    """
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.tensorflow import TensorflowTrainer
    from ray.train.v2.api.exceptions import TrainingFailedError

    # Workers would be started again after such an error.
    publication(config, places, force=force)
    for name in config.portraits.names if config.portraits else [""]:
        find_data(Path(config.data) / name, seed=config.seed)
    folders = Folders(places.models.resolve(), places.logs.resolve())
    ray.init(address=address, logging_level="ERROR")
    folders.logs.mkdir(parents=True, exist_ok=True)
    try:
        has_gpus = ray.cluster_resources().get("GPU", 0) >= workers
        # Ray wants a folder of its own, on every machine.
        with tempfile.TemporaryDirectory(dir=folders.logs, prefix=".ray-") as storage:
            trainer: Any = TensorflowTrainer(
                _train_on_worker,
                train_loop_config={
                    "config": with_absolute_paths(config),
                    "folders": folders,
                    "force": force,
                },
                scaling_config=ScalingConfig(num_workers=workers, use_gpu=has_gpus),
                run_config=RunConfig(
                    storage_path=storage, failure_config=FailureConfig(max_failures=_FAILURES)
                ),
            )
            trainer.fit()
    except TrainingFailedError as error:
        raise TrainingError(str(error).strip().splitlines()[-1]) from error
    finally:
        ray.shutdown()


def with_absolute_paths(config: TrainConfig) -> TrainConfig:
    """Workers may run in another folder. `weights` may also be a word, such as imagenet."""
    paths = {"data": config.data, "start": config.start, "weights": config.weights}
    return config.model_copy(
        update={
            name: str(Path(path).resolve())
            for name, path in paths.items()
            if path and Path(path).exists()
        }
    )


def _train_on_worker(settings: dict[str, Any]) -> None:
    # TensorFlow tells each use of its collectives.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as scratch:
        workers = Workers.of_environment(Path(scratch))
        report = Reporter(say=print, verbose=2) if workers.leads else Reporter()
        train(
            settings["config"],
            settings["folders"],
            report,
            force=settings["force"],
            workers=workers,
        )
