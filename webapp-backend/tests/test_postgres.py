"""The database in PostgreSQL, with a real server: migrations, requests, and shared jobs."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from archives import many, packed, results, started, state
from fastapi.testclient import TestClient
from migrations import MIGRATIONS, REVISIONS, upgrade
from postgres import INITDB, POSTGRES, PostgresServer, running_server
from service_factories import picture, predict, ready_client, refresh, until
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DataError

from app.core.settings import Settings
from app.jobs.archive_worker import ArchiveWorker
from app.jobs.consumer import JobConsumer
from app.main import create_app
from app.service import Service
from app.storage import database as database_module
from app.storage.database import Database, migrate
from app.storage.jobs import JobStore
from app.storage.overrides import OverrideStore
from app.storage.tables import Base

pytest.importorskip("psycopg", reason="needs the extra postgres")
pytestmark = pytest.mark.skipif(
    not (INITDB and POSTGRES), reason="needs the programs initdb and postgres"
)
# Requests at once: more than the service has threads.
MANY = 60
# Seconds; the driver alone waits two minutes for each connection.
PATIENT = 30.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def settings(settings: Settings, server: PostgresServer) -> Settings:
    return settings.model_copy(update={"database_url": server.new_database()})


@pytest.fixture
def engine(server: PostgresServer) -> Iterator[Engine]:
    engine = create_engine(server.new_database())
    yield engine
    engine.dispose()


@pytest.mark.parametrize("revision", ["base", *REVISIONS])
def test_every_revision_migrates_to_the_tables_of_the_program(
    engine: Engine, revision: str
) -> None:
    if revision != "base":
        upgrade(engine, revision)
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_revision() == ScriptDirectory(str(MIGRATIONS)).get_current_head()
        assert compare_metadata(context, Base.metadata) == []


def test_overrides_history_and_jobs_are_kept_through_a_restart(settings: Settings) -> None:
    with ready_client(settings) as client:
        client.put("/api/models/active", json={"name": "bright"})
        client.patch("/api/models/bright", json={"threshold": 0.9})
        assert predict(client, picture(255)).json()["threshold_source"] == "override"
        until(lambda: client.get("/api/history").json()["total"] == 1)
        job = started(client, packed(many(3)))
    with ready_client(settings) as client:
        assert client.get("/api/models").json()["active"] == "bright"
        (entry,) = client.get("/api/history", params={"search": "X.PNG"}).json()["entries"]
        assert entry["verdicts"][0]["threshold"] == 0.9
        assert state(client, job)["state"] == "waiting"
        assert client.delete("/api/history").json()["deleted"] == 1
        assert client.delete(f"/api/jobs/{job['id']}").json()["outcome"] == "cancelled"


def test_what_one_backend_stores_the_other_sees(settings: Settings) -> None:
    with ready_client(settings) as first, ready_client(settings) as second:
        assert first.patch("/api/models/bright", json={"threshold": 0.9}).status_code == 200
        refresh(second)
        assert predict(second, picture(255), model="bright").json()["threshold"] == 0.9
        until(lambda: first.get("/api/history").json()["total"] == 1)
        (entry,) = first.get("/api/history").json()["entries"]
        assert first.delete(f"/api/history/{entry['id']}").status_code == 200
        assert second.get("/api/history").json()["total"] == 0


def test_two_backends_that_start_at_once_migrate_once(server: PostgresServer) -> None:
    url = server.new_database()
    databases = [Database(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        totals = list(threads.map(lambda database: JobStore(database).active(), databases))
    for database in databases:
        database.close()
    assert totals == [0, 0, 0, 0]


@contextmanager
def mute_server() -> Iterator[str]:
    """URL of a server that accepts connections and never speaks."""
    with socket.create_server(("127.0.0.1", 0), backlog=2 * MANY) as listener:
        yield f"postgresql+psycopg://tests@127.0.0.1:{listener.getsockname()[1]}/x"


def refused_at_once(client: TestClient) -> bool:
    """True if many requests that need the database are all told soon that it is away."""
    start = time.monotonic()
    with ThreadPoolExecutor(MANY) as senders:
        answers = list(senders.map(lambda _: client.get("/api/history"), range(MANY)))
    assert {answer.json()["error"] for answer in answers} == {"store_unavailable"}
    return time.monotonic() - start < PATIENT


def test_a_database_that_hangs_keeps_no_model_and_no_request_away(settings: Settings) -> None:
    with mute_server() as url:
        hanging = settings.model_copy(update={"database_url": url})
        start = time.monotonic()
        with TestClient(create_app(hanging)) as client:
            until(lambda: client.get("/api/ready").status_code == 200)
            assert predict(client, picture(255)).status_code == 200
            assert refused_at_once(client)
        assert time.monotonic() - start < 2 * PATIENT


def test_a_statement_that_hangs_is_given_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database_module._POSTGRESQL, "options", "-c statement_timeout=200ms")
    with ready_client(settings) as client:
        assert client.get("/api/history").status_code == 200
        engine = create_engine(settings.store_url)
        with engine.begin() as other:
            other.execute(text("LOCK TABLE history IN ACCESS EXCLUSIVE MODE"))
            assert refused_at_once(client)
            assert predict(client, picture(255)).status_code == 200
        engine.dispose()
        until(lambda: client.get("/api/history").json().get("total") == 1)


def test_a_value_that_the_database_refuses_is_no_outage(settings: Settings) -> None:
    database = Database(settings.store_url)
    with pytest.raises(DataError) as refused:
        OverrideStore(database).set_threshold("secret" * 100, 0.5)
    database.close()
    assert "secret" not in str(refused.value)


def test_a_long_message_ends_its_job(settings: Settings) -> None:
    with ready_client(settings) as client:
        job = started(client, packed(many(1)))
        service: Service = client.app.state.service  # type: ignore[attr-defined]
        assert service.jobs.claim(service.jobs.claimable()[0], "me")
        assert service.jobs.end(job["id"], "me", "failed", "x" * 1000)
        assert state(client, job)["message"] == "x" * 500


class Killed(BaseException):
    """Ends a worker without a chance to clean up."""


def test_two_backends_and_two_workers_judge_each_picture_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ArchiveWorker, "files_per_commit", 2)
    monkeypatch.setattr(JobConsumer, "silent_seconds", 0.5)
    stores = [Database(settings.store_url) for _ in range(2)]
    add_results, calls = JobStore.add_results, Counter[str]()

    def unreliable(store: JobStore, job: str, *args: object) -> bool:
        calls[job] += 1
        if calls[job] == 2:
            raise Killed  # before the results are stored
        stored = add_results(store, job, *args)  # type: ignore[arg-type]
        if calls[job] == 4:
            raise Killed  # after they are stored
        return stored

    monkeypatch.setattr(JobStore, "add_results", unreliable)

    with ready_client(settings) as first, ready_client(settings) as second:
        jobs = [started(client, packed(many(12)), model="bright") for client in (first, second) * 2]

        def work(database: Database) -> None:
            worker = ArchiveWorker(JobStore(database), settings)
            while any(state(first, job)["state"] in ("waiting", "running") for job in jobs):
                try:
                    worker.step()
                except Killed:
                    worker = ArchiveWorker(JobStore(database), settings)

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(work, stores))
        for job in jobs:
            ended = state(second, job)
            assert (ended["state"], ended["done"], ended["failed"]) == ("finished", 12, 0)
            files = [result["file"] for result in results(second, job)]
            assert files == [f"{number}.png" for number in range(12)]
    for database in stores:
        database.close()
