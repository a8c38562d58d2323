"""The whole service as `python -m app` starts it: worker, TensorBoard, a clean stop."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from helpers import brightness_model, card_for, picture

from app.children import free_port

_PATIENCE = 120.0
REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "tensorboard-logs"


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
        }
        command = [sys.executable, "-m", "app"]
        self.process = subprocess.Popen(command, env=environment)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)

    def until(self, condition: Callable[[], bool]) -> None:
        give_up = time.monotonic() + _PATIENCE
        while time.monotonic() < give_up:
            try:
                if condition():
                    return
            except httpx.TransportError:
                pass  # not listening yet
            assert self.process.poll() is None, "the service ended"
            time.sleep(0.1)
        raise AssertionError("it did not happen")

    def answers(self, model: str) -> bool:
        files = {"image": ("white.png", picture(255))}
        response = self.client.post("/api/predict", files=files, params={"model": model})
        return response.status_code == 200 and response.json()["prediction"] == "Fake"

    def children(self) -> dict[str, int]:
        """Process ids of the worker and TensorBoard."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = (folder / "stat").read_text().rpartition(") ")[2].split()[1]
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if int(parent) == self.process.pid:
                found["worker" if b"app.worker" in line else "tensorboard"] = int(folder.name)
        return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.client.close()
    running.process.kill()
    running.process.wait()


def test_it_is_healthy_before_any_model_is_prepared(server: Server) -> None:
    server.until(lambda: server.client.get("/api/health").status_code == 200)
    assert server.client.get("/api/ready").status_code == 503


def test_tensorboard_works_at_the_first_visit(server: Server) -> None:
    page = server.client.get("/tensorboard/")
    assert page.status_code == 200
    assert "TensorBoard" in page.text
    plugins = server.client.get("/tensorboard/data/plugins_listing")
    assert "scalars" in plugins.json()


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="no logs of the reference project here")
@pytest.mark.parametrize(
    ("name", "points", "accuracy"),
    [("model_logs_v1", 20, 0.9222), ("model_logs_v2", 10, 0.9172), ("model_logs_v3", 20, 0.9275)],
)
def test_another_projects_runs_have_all_points_in_tensorboard_and_in_ours(
    server: Server, name: str, points: int, accuracy: float
) -> None:
    shutil.copytree(REFERENCE / name, server.logs / name)
    query = {"run": f"{name}/validation", "tag": "epoch_accuracy"}

    def tensorboards() -> list[float]:
        answer = server.client.get("/tensorboard/data/plugin/scalars/scalars", params=query)
        return [value for _, _, value in answer.json()] if answer.status_code == 200 else []

    server.until(lambda: len(tensorboards()) == points)
    (ours,) = [
        series["values"]
        for series in server.client.get(f"/api/runs/{name}").json()["series"]
        if (series["part"], series["tag"]) == ("validation", "epoch_accuracy")
    ]
    assert ours == pytest.approx(tensorboards())
    assert ours[-1] == pytest.approx(accuracy, abs=5e-5)


def test_the_worker_prepares_a_model_that_appears(server: Server) -> None:
    card_for(brightness_model(server.models / "first.keras"))
    server.until(lambda: server.answers("first"))


needs_proc = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")


@needs_proc
def test_the_api_answers_without_tensorflow(server: Server) -> None:
    assert server.answers("first")
    loaded = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "ai_edge_litert" in loaded
    assert "/tensorflow/" not in loaded


@needs_proc
def test_a_killed_worker_harms_no_request_and_is_started_again(server: Server) -> None:
    os.kill(server.children()["worker"], signal.SIGKILL)
    assert server.answers("first")
    card_for(brightness_model(server.models / "second.keras"))
    server.until(lambda: server.answers("second"))
    assert server.answers("first")


def test_ctrl_c_stops_it_and_its_children(server: Server) -> None:
    children = server.children()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(60) == 0
    for process in children.values():
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
