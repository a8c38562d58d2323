"""Database connection, migrated on first use, so that a database failure delays nothing else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MS = 2000
# Any number that all versions of this program share.
_MIGRATION_LOCK = 5_310_715


class StoreUnavailable(Exception):  # noqa: N818  a state, not a bug
    """The store cannot be reached now."""


class Database:
    """Sessions on the store. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that commits at the end.

        Raises:
            StoreUnavailable: the store is down, locked or full.
        """
        try:
            with Session(self._migrated()) as session, session.begin():
                yield session
        except (SQLAlchemyError, OSError) as error:
            raise StoreUnavailable(type(error).__name__) from error

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _migrated(self) -> Engine:
        with self._lock:
            if self._engine is None:
                engine = _connect(self._url)
                try:
                    migrate(engine)
                except Exception as error:  # of Alembic too: a schema newer than this program
                    engine.dispose()
                    raise StoreUnavailable(type(error).__name__) from error
                self._engine = engine
            return self._engine


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version."""
    with engine.begin() as connection:
        if _is_newest(connection):
            return
        if engine.dialect.name == "postgresql":
            # Backends and workers that start together migrate one after another.
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            if _is_newest(connection):
                return
        # Imported here because it is slow, and most starts have nothing to migrate.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _is_newest(connection: Connection) -> bool:
    """True if the schema is of the last migration; files are named by revision."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    newest = max(path.name.partition("_")[0] for path in _MIGRATIONS.glob("versions/*.py"))
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return bool(revision == newest)


def _connect(url: str) -> Engine:
    parsed = make_url(url)
    engine = create_engine(parsed, pool_pre_ping=True)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _tune_sqlite)
    return engine


def _tune_sqlite(connection: Any, _record: Any) -> None:
    """Readers do not wait for writers, and a writer waits only a little."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
