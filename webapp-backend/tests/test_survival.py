"""A full disk, a locked store and a clock that jumps cost time at most."""

import errno
import sqlite3
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from archives import packed, started, state
from fastapi.testclient import TestClient
from helpers import (
    brightness_model,
    card_for,
    picture,
    predict,
    prepare,
    ready_client,
    settings_for,
)

from app.core.settings import Settings
from app.jobs.archive_worker import ArchiveWorker
from app.storage.database import Database
from app.storage.jobs import JobStore

DAY = 86_400.0


def test_a_model_is_prepared_once_the_disk_has_room_again(
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
        waiting = predict(client, picture(255), model="m")
        assert (waiting.status_code, waiting.json()["error"]) == (503, "model_loading")
        prepare(models, settings.cache_dir)
        service: Any = client.app.state.service  # type: ignore[attr-defined]
        service.refresh()
        assert predict(client, picture(255), model="m").status_code == 200


def test_verdicts_go_on_and_a_job_waits_while_the_store_is_locked(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.storage.database._BUSY_MS", 50)
    monkeypatch.setattr("app.jobs.consumer._BEAT_SECONDS", 0.05)
    job = started(client, packed({"a.png": picture(255)}), model="bright")
    database = Database(settings.store_url)
    runner = ArchiveWorker(JobStore(database), settings)
    (seen,) = runner._store.claimable()
    claim = runner._store.claim(seen, runner._name)
    assert claim is not None
    other = sqlite3.connect(settings.state_dir / "store.sqlite3", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    worker = threading.Thread(target=runner._do, args=(claim,))
    worker.start()
    for _ in range(3):
        assert predict(client, picture(255), model="bright").status_code == 200
    assert client.get("/api/health").status_code == 200
    assert worker.is_alive()
    other.execute("COMMIT")
    other.close()
    worker.join()
    database.close()
    assert state(client, job)["state"] == "finished"


@pytest.mark.parametrize("jump", [-3 * DAY, 3 * DAY])
def test_a_clock_that_jumps_harms_neither_models_nor_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    models = tmp_path / "models"
    card_for(brightness_model(models / "m.keras"))
    settings = settings_for(models, tmp_path / "state")
    prepare(models, settings.cache_dir)
    with ready_client(settings) as client:
        service: Any = client.app.state.service  # type: ignore[attr-defined]
        jobs = [started(client, packed({"a.png": picture(255)})) for _ in range(2)]
        runner = ArchiveWorker(service.jobs, settings)
        claim = service.jobs.claim(service.jobs.claimable()[0], runner._name)
        right = time.time
        monkeypatch.setattr(time, "time", lambda: right() + jump)
        # The waiting job's upload is neither too old nor too new; a running one is not taken.
        other = ArchiveWorker(service.jobs, settings)
        other.step()
        assert [state(client, job)["state"] for job in jobs] == ["running", "finished"]
        runner._do(claim)
        assert [state(client, job)["state"] for job in jobs] == ["finished", "finished"]
        card_for(brightness_model(models / "m.keras", sign=-1))
        prepare(models, settings.cache_dir)
        service.refresh()
        service.refresh()
        assert predict(client, picture(255)).json()["prediction"] == "Real"
