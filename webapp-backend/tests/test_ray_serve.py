"""The service on Ray Serve: two replicas of the same application, one of which is killed."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from service_factories import PATIENCE, brightness_model, picture, prepare, until

from app.core.subprocesses import free_port

ray = pytest.importorskip("ray", reason="Ray is an optional extra: make test-scale")
serve = pytest.importorskip("ray.serve", reason="Ray Serve is an optional extra: make test-scale")

REQUESTS = 60


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Client of a service with two replicas that share one folder of state."""
    from app.ray_serve import Scaling, build

    home = tmp_path_factory.mktemp("ray")
    models, state = home / "models", home / "state"
    models.mkdir()
    brightness_model(models / "v1.keras")
    prepare(models, state / "cache")
    environment = {
        "MODELS_DIR": str(models),
        "STATE_DIR": str(state),
        "WORKER": "none",
        "TENSORBOARD": "none",
        "MAX_WAIT": str(PATIENCE),
        "DEADLINE": str(PATIENCE),
        # Replicas import the service from here.
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path]),
    }
    port = free_port()
    ray.init(
        num_cpus=4,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": environment},
    )
    serve.start(http_options={"port": port})
    scaling = Scaling(min_replicas=2, max_replicas=2, cpus=1)
    serve.run(build(scaling), name="api")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
        until(lambda: client.get("/api/ready").status_code == 200)
        yield client
    serve.shutdown()
    ray.shutdown()


def ask(client: httpx.Client) -> httpx.Response:
    """Predict as a client that tries again where no replica has answered."""
    give_up = time.monotonic() + PATIENCE
    while True:
        answer = client.post("/api/predict", files={"image": ("x.png", picture(255))})
        if answer.status_code == 200 or time.monotonic() > give_up:
            return answer
        time.sleep(0.2)


def replica_processes() -> list[int]:
    """Process IDs of the replicas, which Ray names after their deployment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = (folder / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended
        if name.startswith(b"ray::ServeReplica:api"):
            found.append(int(folder.name))
    return found


def test_the_answers_are_those_of_the_service(client: httpx.Client) -> None:
    answer = ask(client).json()
    assert (answer["model"], answer["prediction"]) == ("v1", "Fake")
    unknown = client.get("/api/nothing")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "not_found")


def test_every_request_is_answered_although_a_replica_is_killed(client: httpx.Client) -> None:
    before = replica_processes()
    assert len(before) == 2
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(ask, client) for _ in range(REQUESTS)]
        answers[REQUESTS // 4].result()
        os.kill(before[0], signal.SIGKILL)
        assert [answer.result().status_code for answer in answers] == [200] * REQUESTS
    until(lambda: len(set(replica_processes()) - {before[0]}) == 2)
