"""Heat maps from the whole service as `python -m app` starts it, whose worker may be killed."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from heat_maps import spot_model, spotted, values
from server import Server
from service_factories import PATIENCE, card_for


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLAIN_WAIT", str(PATIENCE))
        running = Server(tmp_path_factory.mktemp("server"))
    card_for(spot_model(running.models / "spots.keras"))
    yield running
    running.client.close()
    running.process.kill()
    running.process.wait()


def explain(server: Server, method: str) -> httpx.Response:
    files = {"image": ("x.png", spotted())}
    return server.client.post("/api/explain", files=files, params={"method": method})


def finished(server: Server, answer: httpx.Response) -> httpx.Response:
    """The heat map of an answer, waited for where it is a job."""
    if answer.status_code == 200:
        return answer
    assert answer.status_code == 202, answer.text
    where = answer.headers["location"]
    server.until(lambda: server.client.get(where).status_code != 202)
    return server.client.get(where)


def test_the_worker_explains_and_stays_ready_for_the_next(server: Server) -> None:
    server.until(lambda: server.client.get("/api/ready").status_code == 200)
    first = finished(server, explain(server, "gradcam"))
    assert first.status_code == 200, first.text
    worker = server.worker()
    second = explain(server, "gradcam")
    assert second.status_code == 200, second.text
    assert values(second.json()).tolist() == values(first.json()).tolist()
    assert server.worker() == worker


def test_a_heat_map_survives_that_the_worker_is_killed(server: Server) -> None:
    server.until(lambda: server.client.get("/api/ready").status_code == 200)
    answer = explain(server, "lime")
    os.kill(server.worker(), signal.SIGKILL)
    result = finished(server, answer)
    assert result.json()["method"] == "lime", result.text
    jobs = Path(server.models.parent / "state" / "jobs")
    server.until(lambda: not list(jobs.iterdir()))
