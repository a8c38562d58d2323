"""The whole service in a process of its own, as `python -m app` starts it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from service_factories import PATIENCE, picture

from app.core.subprocesses import free_port


class Server:
    """A running service."""

    def __init__(self, home: Path) -> None:
        self.models = home / "models"
        self.models.mkdir()
        self.logs = home / "logs"
        port = free_port()
        environment = {
            **os.environ,
            "PORT": str(port),
            "MODELS_DIR": str(self.models),
            "STATE_DIR": str(home / "state"),
            "LOGS_DIR": str(self.logs),
            "POLL_SECONDS": "0.2",
            "MAX_WAIT": str(PATIENCE),
            "DEADLINE": str(PATIENCE),
        }
        command = [sys.executable, "-m", "app"]
        self.log = home / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=environment, stderr=log)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE)

    def until(self, condition: Callable[[], bool]) -> None:
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            try:
                if condition():
                    return
            except httpx.TransportError:
                pass  # not listening yet
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def ask(self, data: bytes, **query: str) -> httpx.Response:
        return self.client.post("/api/predict", files={"image": ("x.jpg", data)}, params=query)

    def answers(self, model: str) -> bool:
        response = self.ask(picture(255), model=model)
        return response.status_code == 200 and response.json()["prediction"] == "Fake"

    def megabytes(self) -> float:
        """Resident memory of the service without its children."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def children(self) -> dict[str, int]:
        """Process ids of the worker and TensorBoard."""
        processes = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = (folder / "stat").read_text().rpartition(") ")[2].split()[1]
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            for name in ("worker", "tensorboard"):
                if int(parent) == self.process.pid and f"app.{name}".encode() in line:
                    processes[name] = int(folder.name)
        return processes

    def worker(self) -> int:
        """Process id of the worker; waits while the worker restarts."""
        processes: dict[str, int] = {}

        def is_named() -> bool:
            processes.update(self.children())
            return "worker" in processes

        self.until(is_named)
        return processes["worker"]
