"""The whole service as `python -m app` starts it: worker, TensorBoard, a clean stop."""

import io
import os
import shutil
import signal
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from server import Server
from service_factories import PATIENCE, brightness_model, card_for, picture, samples, until

pytestmark = pytest.mark.slow

# `make endure` asks for an hour.
SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "0"))
REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "tensorboard-logs"


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
    os.kill(server.worker(), signal.SIGKILL)
    assert server.answers("first")
    card_for(brightness_model(server.models / "second.keras"))
    server.until(lambda: server.answers("second"))
    assert server.answers("first")


@needs_proc
def test_memory_does_not_grow_with_requests(server: Server) -> None:
    good = picture(90, (900, 700), "JPEG")
    mixed = [good, good[:-500], b"no picture", picture(9, (20, 20)), picture(1, (64, 64), "WEBP")]

    def ask_all() -> None:
        statuses = [server.ask(data).status_code for data in mixed]
        assert statuses == [200, 422, 415, 422, 200]
        for path in ("/api/models", "/api/history", "/metrics", "/api/nothing"):
            server.client.get(path)

    for _ in range(30):
        ask_all()
    before = server.megabytes()
    rounds, end = 0, time.monotonic() + SOAK_SECONDS
    while rounds < 60 or time.monotonic() < end:
        ask_all()
        rounds += 1
    assert server.megabytes() < before + 15, f"after {rounds} rounds"


@needs_proc
def test_a_job_goes_on_where_a_killed_worker_left_it(server: Server) -> None:
    count = 200
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(count):
            file.writestr(f"{number}.png", picture(number % 256, (640, 480)))
    upload = {"archive": ("many.zip", archive.getvalue())}
    answer = server.client.post("/api/jobs", files=upload, params={"model": "first"})
    assert answer.status_code == 202, answer.text
    url = answer.headers["location"]

    def job() -> Any:
        return server.client.get(url).json()["job"]

    kills = 0
    for part in (0.1, 0.5):
        server.until(lambda part=part: job()["done"] > part * count)  # type: ignore[misc]
        if job()["state"] == "running":
            os.kill(server.worker(), signal.SIGKILL)
            kills += 1
    assert kills
    server.until(lambda: job()["state"] == "finished")
    assert (job()["done"], job()["failed"]) == (count, 0)
    pictures = server.client.get(f"{url}/results", params={"limit": 1000}).json()["results"]
    assert [picture["file"] for picture in pictures] == [f"{number}.png" for number in range(count)]


def let_in(server: Server) -> float:
    """Number of pictures admitted since the start, answered or not."""
    values = samples(server.client)
    answers = values.get(("deepfake_requests_total", "POST", "/api/predict", "200"), 0)
    return answers + values["deepfake_queue_depth",]


@needs_proc
def test_it_stops_with_its_children_after_answering_what_it_accepted(server: Server) -> None:
    worker = server.worker()
    children = server.children() | {"worker": worker}
    os.kill(worker, signal.SIGSTOP)  # so that this job does not end
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.png", picture())
    job = server.client.post("/api/jobs", files={"archive": ("a.zip", archive.getvalue())})
    large = picture(255, (5000, 4000), "JPEG")
    before = let_in(server)
    events = server.client.stream("GET", f"{job.headers['location']}/events")
    with events as stream, ThreadPoolExecutor(6) as askers:
        requests = [askers.submit(server.ask, large) for _ in range(6)]
        server.until(lambda: let_in(server) == before + 6)
        server.process.send_signal(signal.SIGINT)
        os.kill(worker, signal.SIGCONT)
        assert [answer.result().status_code for answer in requests] == [200] * 6
        assert "event: progress" in list(stream.iter_lines())
    assert server.process.wait(PATIENCE) == 0
    # The stream ended by itself; it was not waited for until the patience was over.
    assert "graceful shutdown exceeded" not in server.log.read_text()
    for process in children.values():
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


@needs_proc
def test_its_children_end_when_it_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLAIN_IDLE", "0")
    server = Server(tmp_path)
    card_for(brightness_model(server.models / "first.keras"))
    server.until(lambda: server.answers("first"))
    # After a conversion the worker replaces itself, which must not lose sight of the service.
    worker = server.worker()
    server.until(lambda: "/tensorflow/" not in Path(f"/proc/{worker}/maps").read_text())
    server.until(lambda: server.children().keys() == {"worker", "tensorboard"})
    children = server.children().values()
    server.client.close()
    server.process.kill()
    server.process.wait()

    def is_running(process: int) -> bool:
        try:  # zombies have no command line
            return bool(Path(f"/proc/{process}/cmdline").read_bytes())
        except OSError:
            return False

    until(lambda: not any(map(is_running, children)))
