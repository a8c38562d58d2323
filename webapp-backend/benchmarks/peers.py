"""The services to compare: their commands, and the resources of their processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_SERVERS = Path(__file__).parent / "servers"


@dataclass(frozen=True)
class Server:
    """Command that starts a service on a port, and its environment."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    path: str = "/api/predict"
    field: str = "image"


def servers(model: Path, state: Path, bentoml: Path | None) -> Iterator[Server]:
    """All services by name; PORT in a command stands for the port."""
    name, python = model.stem, sys.executable
    yield Server("empty FastAPI", [python, str(_SERVERS / "empty.py"), "PORT"])
    environment = {
        "MODELS_DIR": str(model.parent),
        "STATE_DIR": str(state),
        "PORT": "PORT",
        "TENSORBOARD": "none",
        "HISTORY": "false",
        "LOG_LEVEL": "WARNING",
        # The others make no heat maps, for which the worker would load TensorFlow.
        "EXPLAIN_IDLE": "0",
    }
    # One call of the network for each picture, as the others do.
    path = f"/api/predict?model={name}&stability=never"
    yield Server("this service", [python, "-m", "app"], environment, path)
    # Up to four more, for pictures close to the threshold.
    path = f"/api/predict?model={name}"
    yield Server("this service, with stability", [python, "-m", "app"], environment, path)
    yield Server("LitServe", [python, str(_SERVERS / "litserve_peer.py"), str(model), "PORT"])
    if bentoml is not None:
        yield Server(
            "BentoML",
            [str(bentoml), "serve", "bentoml_peer:Detector", "--port", "PORT"],
            {"MODEL": str(model), "BENTOML_DO_NOT_TRACK": "true"},
        )
    yield Server("reference (Flask)", [python, str(_SERVERS / "reference.py"), str(model), "PORT"])


@contextmanager
def started(server: Server, port: int) -> Iterator[psutil.Process]:
    """Run a server; its process with all children."""
    command = [word.replace("PORT", str(port)) for word in server.command]
    environment = {**os.environ, **server.environment}
    environment = {
        key: str(port) if value == "PORT" else value for key, value in environment.items()
    }
    process = subprocess.Popen(
        command, env=environment, cwd=_SERVERS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    root = psutil.Process(process.pid)
    try:
        yield root
    finally:
        for member in family(root):
            member.kill()
        process.wait()


def family(root: psutil.Process) -> list[psutil.Process]:
    """A process and all its descendants."""
    try:
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(root: psutil.Process) -> float:
    """User and system time of a process and its descendants, in seconds."""
    total = 0.0
    for member in family(root):
        try:
            times = member.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def megabytes(root: psutil.Process) -> float:
    """Proportional set size of a process and its descendants, in megabytes."""
    total = 0
    for member in family(root):
        try:
            total += member.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total / 1e6
