"""A real PostgreSQL server with its data in a temporary folder."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service_factories import until
from sqlalchemy import create_engine, text

# Debian keeps the server's programs out of PATH.
_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_PATH = os.pathsep.join([os.environ.get("PATH", ""), *map(str, _FOLDERS)])
INITDB, POSTGRES = (shutil.which(name, path=_PATH) for name in ("initdb", "postgres"))
# PostgreSQL refuses to run as root.
_USER = "nobody" if hasattr(os, "geteuid") and os.geteuid() == 0 else None


@contextmanager
def running_server() -> Iterator["PostgresServer"]:
    """Start a server that listens on a socket in its folder alone; kill it at the end."""
    assert INITDB
    assert POSTGRES
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if _USER:
            shutil.chown(folder, _USER)
        data = folder / "data"
        subprocess.run(
            [INITDB, "--auth=trust", "--username=tests", "--encoding=UTF8", "--no-sync", str(data)],
            user=_USER,
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        command = [
            POSTGRES,
            "-D",
            str(data),
            "-k",
            str(folder),
            "-c",
            "listen_addresses=",
            "-c",
            "fsync=off",
        ]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, user=_USER, cwd=folder, stderr=log, stdout=log)
        try:
            server = PostgresServer(folder)
            until(server.answers)
            yield server
        finally:
            process.kill()
            process.wait()


class PostgresServer:
    """A running server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://tests@/{database}?host={self._folder}"

    def answers(self) -> bool:
        engine = create_engine(self.url("postgres"))
        try:
            with engine.connect():
                return True
        except Exception:  # noqa: BLE001  it is starting
            return False
        finally:
            engine.dispose()

    def new_database(self) -> str:
        """URL of a new, empty database."""
        name = f"d{uuid.uuid4().hex}"
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)
