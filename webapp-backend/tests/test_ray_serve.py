"""The service on Ray Serve with PostgreSQL, while replicas and workers are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]
from archives import many, packed
from postgres import INITDB, POSTGRES, running_server
from service_factories import PATIENCE, brightness_model, picture, prepare, until

from app.core.subprocesses import free_port

ray = pytest.importorskip("ray", reason="Ray is an optional extra: make test-scale")
serve = pytest.importorskip("ray.serve", reason="Ray Serve is an optional extra: make test-scale")

pytest.importorskip("psycopg", reason="needs the extra postgres")
pytestmark = pytest.mark.skipif(
    not (INITDB and POSTGRES), reason="needs the programs initdb and postgres"
)
REQUESTS = 60
# Enough for a job to run while processes are killed.
PICTURES = 1000


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Settings of replicas and workers, which share one folder of state and one database."""
    home = tmp_path_factory.mktemp("ray")
    models, state = home / "models", home / "state"
    models.mkdir()
    brightness_model(models / "v1.keras")
    prepare(models, state / "cache")
    with running_server() as server:
        yield {
            "DATABASE_URL": server.new_database(),
            "MODELS_DIR": str(models),
            "STATE_DIR": str(state),
            "WORKER": "none",
            "TENSORBOARD": "none",
            "MAX_WAIT": str(PATIENCE),
            "DEADLINE": str(PATIENCE),
            # Replicas import the service from here.
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path]),
        }


@pytest.fixture(scope="module")
def client(environment: dict[str, str]) -> Iterator[httpx.Client]:
    """Client of two replicas."""
    from app.ray_serve import Scaling, build

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


@pytest.fixture
def workers(environment: dict[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two worker processes."""
    command = [sys.executable, "-m", "app.worker"]
    processes = [subprocess.Popen(command, env=os.environ | environment) for _ in range(2)]
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def get(client: httpx.Client, path: str, **query: int) -> Any:
    """Content of an answer, from a client that tries again where no replica has answered."""
    give_up = time.monotonic() + PATIENCE
    while True:
        answer = client.get(path, params=query)
        if answer.status_code == 200 or time.monotonic() > give_up:
            return answer.raise_for_status().json()
        time.sleep(0.2)


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
    replicas = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = (folder / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended
        if name.startswith(b"ray::ServeReplica:api"):
            replicas.append(int(folder.name))
    return replicas


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


def test_every_picture_of_a_job_has_one_result_although_processes_are_killed(
    client: httpx.Client, workers: list[subprocess.Popen[bytes]]
) -> None:
    archive = packed(many(PICTURES))
    paths = []
    for _ in workers:  # a job for each
        answer = client.post("/api/jobs", files={"archive": ("faces.zip", archive)})
        assert answer.status_code == 202, answer.text
        paths.append(f"/api/jobs/{answer.json()['job']['id']}")
    until(lambda: all(get(client, path)["job"]["done"] for path in paths))
    workers[0].kill()
    os.kill(replica_processes()[0], signal.SIGKILL)
    until(lambda: all(get(client, path)["job"]["state"] == "finished" for path in paths))
    for path in paths:
        job = get(client, path)["job"]
        assert (job["done"], job["failed"]) == (PICTURES, 0)
        results = get(client, f"{path}/results", limit=PICTURES)["results"]
        assert [result["position"] for result in results] == list(range(PICTURES))


def test_the_manifest_for_kuberay_asks_for_what_the_service_understands() -> None:
    from ray.serve.schema import ServeDeploySchema

    from app.ray_serve import Scaling

    manifest = Path(__file__).parents[2] / "deploy" / "kubernetes" / "ray" / "rayservice.yaml"
    config = yaml.safe_load(yaml.safe_load(manifest.read_text())["spec"]["serveConfigV2"])
    (application,) = ServeDeploySchema.model_validate(config).applications
    assert application.import_path == "app.ray_serve:build"
    group = yaml.safe_load(manifest.read_text())["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]
    scaling = Scaling.model_validate(application.args)
    assert (scaling.min_replicas, scaling.max_replicas) == (
        group["minReplicas"],
        group["maxReplicas"],
    )
    (container,) = group["template"]["spec"]["containers"]
    assert float(container["resources"]["requests"]["cpu"]) >= scaling.cpus
