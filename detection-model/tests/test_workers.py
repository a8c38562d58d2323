"""Several workers train one model: shares of batches, equal losses, and a run on Ray."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from detection_model.training.config import TrainConfig, configured
from detection_model.training.ray_train import with_absolute_paths
from detection_model.training.run import RunRecord, TrainingError
from detection_model.training.train import Folders, Reporter, train
from detection_model.training.workers import Workers

WORKER = """
import sys
from pathlib import Path
from detection_model.training.workers import Workers
workers = Workers.of_environment(Path(sys.argv[1]) / "scratch")
from detection_model.training.config import TrainConfig
from detection_model.training.train import Folders, Reporter, train
home = Path(sys.argv[1])
config = TrainConfig.model_validate_json(sys.argv[2])
train(config, Folders(home / "models", home / "logs"), Reporter(), workers=workers)
"""


@given(st.integers(1, 100), st.integers(1, 9))
def test_shares_are_equal_and_cover_a_batch(batch: int, count: int) -> None:
    shares = [Workers(index, count).share(batch) for index in range(count)]
    assert {len(share) for share in shares} == {-(-batch // count)}
    positions = np.concatenate(shares)
    assert {*positions} == {*range(batch)}
    assert len(positions) < batch + count


def without_dropout(data: Path, **changes: Any) -> TrainConfig:
    """v1 has no dropout, whose noise would differ from worker to worker."""
    small = {"image_size": 64, "batch_size": 16, "epochs": 2, "name": "small"}
    return configured("v1", {"data": str(data), **small}, changes)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def train_in_processes(config: TrainConfig, home: Path, count: int) -> None:
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(count)]

    def work(index: int) -> "subprocess.CompletedProcess[str]":
        task = {"type": "worker", "index": index}
        cluster = json.dumps({"cluster": {"worker": addresses}, "task": task})
        return subprocess.run(
            [sys.executable, "-c", WORKER, str(home), config.model_dump_json()],
            env=os.environ | {"TF_CONFIG": cluster},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,  # the others wait for one that fails
        )

    with ThreadPoolExecutor() as pool:
        for result in pool.map(work, range(count)):
            assert result.returncode == 0, result.stderr


def record_of(home: Path) -> RunRecord:
    (path,) = home.glob("logs/small/*/run.json")
    return RunRecord.model_validate_json(path.read_bytes())


def assert_equal_trainings(one: Path, other: Path) -> None:
    history, expected = record_of(one).history, record_of(other).history
    assert history.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-3, err_msg=name)
    weights, others = (
        keras.saving.load_model(home / "models" / "small.keras").get_weights()
        for home in (one, other)
    )
    for weight, expected_weight in zip(weights, others, strict=True):
        np.testing.assert_allclose(weight, expected_weight, atol=1e-3)


@pytest.mark.slow
def test_two_workers_train_as_one_does(synthetic: Path, tmp_path: Path) -> None:
    config = without_dropout(synthetic)
    train_in_processes(config, tmp_path / "two", 2)
    train(config, Folders(tmp_path / "one" / "models", tmp_path / "one" / "logs"), Reporter())
    assert record_of(tmp_path / "two").device == "CPU of 2 workers"
    assert_equal_trainings(tmp_path / "two", tmp_path / "one")


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [own for child in map(int, children) for own in (child, *descendants(child))]


def kill_a_worker(logs: Path, killed: list[int]) -> None:
    """Kill a worker of Ray once the first checkpoint is written."""
    while not [*logs.glob("small/*/last.keras")]:
        time.sleep(0.05)
    for pid in descendants(os.getpid()):
        if b"RayTrainWorker" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
            return


def test_a_training_on_ray_resumes_when_a_worker_dies(synthetic: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed; `make test-scale` installs it")
    from detection_model.training.ray_train import train_on_ray

    config = without_dropout(synthetic, epochs=6)
    places = Folders(tmp_path / "ray" / "models", tmp_path / "ray" / "logs")
    killed: list[int] = []
    killer = threading.Thread(target=kill_a_worker, args=(places.logs, killed), daemon=True)
    killer.start()
    train_on_ray(config, places, "local", 2)
    assert len(killed) == 1
    train(config, Folders(tmp_path / "one" / "models", tmp_path / "one" / "logs"), Reporter())
    assert len(record_of(tmp_path / "ray").history["loss"]) == 6
    assert_equal_trainings(tmp_path / "ray", tmp_path / "one")
    with pytest.raises(TrainingError, match="already published"):
        train_on_ray(config, places, "local", 2)


def test_workers_in_another_folder_find_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "start.keras").touch()
    config = configured("v5", {"start": "start.keras", "weights": "imagenet"}, {"data": "."})
    moved = with_absolute_paths(config)
    assert moved.start == str(tmp_path / "start.keras")
    assert moved.data == str(tmp_path)
    assert moved.weights == "imagenet"


def test_workers_without_a_cluster_are_refused(
    synthetic: Path, tmp_path: Path, invoke: Callable[..., Result]
) -> None:
    places = ["--models", str(tmp_path / "models"), "--logs", str(tmp_path / "logs")]
    result = invoke("train", "v1", "--data", str(synthetic), "--workers", "2", *places)
    assert result.exit_code == 2
    assert "--ray" in result.stderr
