"""Database connection, migrated on first use, so that a database failure delays nothing else."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Dialect,
    Engine,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MS = 2000
# Any number that all versions of this program share.
_MIGRATION_LOCK = 5_310_715
# Seconds for a new connection to PostgreSQL, and for one from the pool.
_CONNECT_SECONDS = 3
# Seconds after a failed connection in which no other is tried.
_PAUSE_SECONDS = 2.0
# Limits, so that a server that hangs holds no thread for long; DATABASE_URL takes precedence.
# A migration with a longer statement raises the limit itself.
_POSTGRESQL = {
    "connect_timeout": _CONNECT_SECONDS,
    "options": "-c statement_timeout=10s",
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
}
# The statement or its values are at fault: it fails again however often it is retried.
_FAULTS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)


class StoreUnavailable(Exception):  # noqa: N818  a state, not a bug
    """The store cannot be reached now."""


class Database:
    """Sessions on the store. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._paused_until = 0.0

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that commits at the end.

        Raises:
            StoreUnavailable: the store is down, locked or full.
        """
        try:
            with Session(self._migrated()) as session, session.begin():
                yield session
        except _FAULTS:
            raise
        except (DBAPIError, PoolTimeoutError, OSError) as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _migrated(self) -> Engine:
        with self._lock:
            if self._engine is None:
                try:
                    self._engine = self._open()
                except Exception as error:  # of Alembic too: a schema newer than this program
                    raise _unavailable(error) from error
            return self._engine

    def _open(self) -> Engine:
        engine = _new_engine(make_url(self._url))
        if engine.dialect.name == "postgresql":
            event.listen(engine, "do_connect", self._connect)
        try:
            migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return engine

    def _connect(
        self, dialect: Dialect, _record: Any, arguments: Any, parameters: dict[str, Any]
    ) -> Any:
        """Connect; soon after a failure fail at once, so that threads do not queue."""
        if time.monotonic() < self._paused_until:
            raise ConnectionError("the last connection failed a moment ago")
        try:
            return dialect.connect(*arguments, **parameters)
        except Exception:
            self._paused_until = time.monotonic() + _PAUSE_SECONDS
            raise


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version."""
    with engine.begin() as connection:
        if _is_newest(connection):
            return
        _lock_schema(connection)
        if _is_newest(connection):
            return
        # Imported here because it is slow, and most starts have nothing to migrate.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _lock_schema(connection: Connection) -> None:
    """Let backends and workers that start together migrate one after another."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
    elif connection.dialect.name == "sqlite":
        # The driver begins a transaction only before it changes rows. Without this one, a process
        # that dies leaves tables of a revision that is not noted.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _is_newest(connection: Connection) -> bool:
    """True if the schema is of the last migration; files are named by revision."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    newest = max(path.name.partition("_")[0] for path in _MIGRATIONS.glob("versions/*.py"))
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return bool(revision == newest)


def _new_engine(url: URL) -> Engine:
    options: dict[str, Any] = {}
    if url.get_backend_name() == "postgresql":
        limits = {name: value for name, value in _POSTGRESQL.items() if name not in url.query}
        options = {"connect_args": limits, "pool_timeout": _CONNECT_SECONDS}
    # The log shows no values: they name pictures.
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, **options)
    if url.get_backend_name() == "sqlite":
        if url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _tune_sqlite)
    return engine


def _unavailable(error: Exception) -> StoreUnavailable:
    """With the driver's text in one line, which holds no values."""
    cause = (error.orig if isinstance(error, DBAPIError) else None) or error
    return StoreUnavailable(f"{type(cause).__name__}: {' '.join(str(cause).split())}")


def _tune_sqlite(connection: Any, _record: Any) -> None:
    """Readers do not wait for writers, and a writer waits only a little."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
