"""A full disk, a locked store and a clock that jumps cost time at most."""

import errno
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from archives import packed, started, state
from fastapi.testclient import TestClient
from service_factories import (
    PATIENCE,
    brightness_model,
    card_for,
    picture,
    predict,
    prepare,
    ready_client,
    refresh,
    settings_for,
    until,
)

from app.core.parent import SUPERVISED
from app.core.settings import Settings
from app.jobs import scoring
from app.jobs.archive_worker import ArchiveWorker
from app.service import Service
from detection_model.card import file_sha256
from detection_model.export.litert import compiled_folder

DAY = 86_400.0


class Gate:
    """Holds the first picture that a job scores until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._arrived, self._opened = threading.Event(), threading.Event()
        monkeypatch.setattr("app.jobs.archive_worker.score", self._score)

    def _score(self, *args: Any) -> Any:
        if not self._arrived.is_set():
            self._arrived.set()
            self._opened.wait(PATIENCE)
        return scoring.score(*args)

    def wait(self) -> None:
        assert self._arrived.wait(PATIENCE)

    def open(self) -> None:
        self._opened.set()


def test_a_model_is_converted_once_the_disk_has_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    card_for(brightness_model(models / "m.keras"))
    settings = settings_for(models, tmp_path / "state")

    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "mkdtemp", full)
        prepare(models, settings.cache_dir)
    with ready_client(settings) as client:
        answer = predict(client, picture(255), model="m")
        assert (answer.status_code, answer.json()["error"]) == (503, "model_loading")
        prepare(models, settings.cache_dir)
        refresh(client)
        assert predict(client, picture(255), model="m").status_code == 200


def test_predictions_go_on_and_a_job_waits_while_the_database_is_locked(
    client: TestClient,
    settings: Settings,
    runner: ArchiveWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.storage.database._BUSY_MS", 50)
    monkeypatch.setattr("app.jobs.consumer.JobConsumer.beat_seconds", 0.05)
    gate = Gate(monkeypatch)
    job = started(client, packed({"a.png": picture(255)}), model="bright")
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(runner.step)
        gate.wait()
        other = sqlite3.connect(settings.state_dir / "store.sqlite3", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        gate.open()
        for _ in range(3):
            assert predict(client, picture(255), model="bright").status_code == 200
        assert client.get("/api/health").status_code == 200
        assert not done.done()
        other.execute("COMMIT")
        other.close()
        done.result()
    assert state(client, job)["state"] == "finished"


@pytest.mark.slow
@pytest.mark.parametrize("by", ["a signal", "the end of the service"])
def test_a_worker_that_is_stopped_during_a_conversion_has_not_crashed(
    tmp_path: Path, by: str
) -> None:
    models, state = tmp_path / "models", tmp_path / "state"
    path = brightness_model(models / "m.keras")
    cache = settings_for(models, state).cache_dir
    count = compiled_folder(cache, file_sha256(path)).with_suffix(".attempts")
    with subprocess.Popen(
        [sys.executable, "-m", "app.worker"],
        env={**os.environ, "MODELS_DIR": str(models), "STATE_DIR": str(state), SUPERVISED: "1"},
        stdin=subprocess.PIPE,
    ) as worker:
        until(count.exists)
        if by == "a signal":
            worker.terminate()
            worker.wait(PATIENCE)
        # The end of the block closes its standard input, as the end of the service does.
    assert worker.returncode == 0
    assert count.read_text() == ""


@pytest.mark.parametrize("jump", [-3 * DAY, 3 * DAY])
def test_a_clock_that_jumps_harms_neither_models_nor_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    models = tmp_path / "models"
    card_for(brightness_model(models / "m.keras"))
    settings = settings_for(models, tmp_path / "state")
    prepare(models, settings.cache_dir)
    with ready_client(settings) as client, ThreadPoolExecutor(1) as thread:
        service: Service = client.app.state.service  # type: ignore[attr-defined]
        gate = Gate(monkeypatch)
        jobs = [started(client, packed({"a.png": picture(255)}))]
        running = thread.submit(ArchiveWorker(service.jobs, settings).step)
        gate.wait()
        jobs.append(started(client, packed({"a.png": picture(255)})))
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + jump)
        # The waiting job's upload is neither too old nor too new; the running job is not taken.
        ArchiveWorker(service.jobs, settings).step()
        assert [state(client, job)["state"] for job in jobs] == ["running", "finished"]
        gate.open()
        running.result()
        assert [state(client, job)["state"] for job in jobs] == ["finished", "finished"]
        card_for(brightness_model(models / "m.keras", sign=-1))
        prepare(models, settings.cache_dir)
        refresh(client)
        assert predict(client, picture(255)).json()["prediction"] == "Real"
