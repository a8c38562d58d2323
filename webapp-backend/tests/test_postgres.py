"""Two services and a worker on one PostgreSQL server: what one stores, the others see."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from archives import BLACK, WHITE, packed, results, started, state
from fastapi.testclient import TestClient
from helpers import predict, ready_client, until

from app.core.settings import Settings
from app.jobs.archive_worker import ArchiveWorker
from app.storage.database import Database
from app.storage.jobs import JobStore

# Debian keeps the server's programs out of PATH.
SERVERS = [shutil.which("initdb"), *map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
INITDB = next((Path(server).resolve() for server in SERVERS if server), None)


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    """An empty server that listens on a socket in a folder of its own."""
    if INITDB is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    pytest.importorskip("psycopg")
    # The server refuses to run as root.
    user = "postgres" if os.getuid() == 0 else None
    # A socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as home:
        if user:
            shutil.chown(home, user)
        data = f"{home}/data"
        create: list[str | Path] = [
            INITDB,
            "-D",
            data,
            "-U",
            "detection",
            "--auth=trust",
            "--no-sync",
        ]
        subprocess.run(create, check=True, user=user, stdout=subprocess.DEVNULL)
        serve: list[str | Path] = [
            INITDB.with_name("postgres"),
            "-D",
            data,
            "-k",
            home,
            "-h",
            "",
            "-F",
        ]
        with subprocess.Popen(serve, user=user, stderr=subprocess.DEVNULL) as server:
            until(lambda: Path(f"{home}/.s.PGSQL.5432").exists())
            yield f"postgresql+psycopg://detection@/postgres?host={home}"
            server.terminate()


@pytest.fixture
def replicas(settings: Settings, database_url: str) -> Iterator[tuple[TestClient, TestClient]]:
    shared = settings.model_copy(update={"database_url": database_url})
    with ready_client(shared) as first, ready_client(shared) as second:
        yield first, second


def test_history_and_threshold_of_one_service_are_seen_by_the_other(
    replicas: tuple[TestClient, TestClient],
) -> None:
    first, second = replicas
    changed = first.patch("/api/models/bright", json={"threshold": 0.9})
    assert changed.status_code == 200, changed.text
    second.app.state.service.refresh()  # type: ignore[attr-defined]
    assert predict(second, WHITE, model="bright").json()["threshold"] == 0.9
    until(lambda: first.get("/api/history").json()["total"] == 1)
    (entry,) = first.get("/api/history").json()["entries"]
    assert first.delete(f"/api/history/{entry['id']}").status_code in (200, 204)
    assert second.get("/api/history").json()["total"] == 0


def test_of_two_workers_one_takes_a_job_and_every_service_sees_its_results(
    replicas: tuple[TestClient, TestClient], settings: Settings, database_url: str
) -> None:
    first, second = replicas
    shared = settings.model_copy(update={"database_url": database_url})
    job = started(first, packed({"white.png": WHITE, "black.png": BLACK, "no.txt": b"no"}))
    databases = [Database(database_url), Database(database_url)]
    for database in databases:
        ArchiveWorker(JobStore(database), shared).step()
        database.close()
    ended = state(second, job)
    assert (ended["state"], ended["done"], ended["failed"]) == ("finished", 3, 1)
    assert [one["file"] for one in results(second, job)] == ["white.png", "black.png", "no.txt"]
