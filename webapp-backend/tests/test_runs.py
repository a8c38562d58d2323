"""/api/runs: every point of the event files, for the page's curves."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_factories import ready_client, settings_for

from app.core.settings import Settings

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def published(tmp_path: Path) -> Settings:
    """The repository's own runs."""
    return settings_for(tmp_path / "none", tmp_path, logs_dir=REPOSITORY / "logs")


def test_the_published_runs_with_all_their_points(published: Settings) -> None:
    with ready_client(published) as client:
        runs = {run["model"]: run for run in client.get("/api/runs").json()["runs"]}
        for model in ("v1", "v2", "v3"):
            run = runs[model]
            record = json.loads((REPOSITORY / "logs" / run["name"] / "run.json").read_bytes())
            detail = client.get(f"/api/runs/{run['name']}").json()
            assert detail["run"] == run
            values = {(s["part"], s["tag"]): s["values"] for s in detail["series"]}
            assert values["validation", "epoch_accuracy"] == pytest.approx(
                record["history"]["val_accuracy"]
            )
            assert values["train", "epoch_loss"] == pytest.approx(record["history"]["loss"])
            assert run["status"] == "finished"
            assert run["facts"]["epochs"] == record["config"]["epochs"]


def test_the_last_values_stand_in_the_list(published: Settings) -> None:
    with ready_client(published) as client:
        for run in client.get("/api/runs").json()["runs"]:
            detail = client.get(f"/api/runs/{run['name']}").json()
            for last, series in zip(run["last"], detail["series"], strict=True):
                assert last["value"] == series["values"][-1]
                assert last["points"] == len(series["values"])


def test_a_data_sets_path_is_not_told(tmp_path: Path, published: Settings) -> None:
    run = next(path.parent for path in published.logs_dir.glob("v1/*/run.json"))
    record = json.loads((run / "run.json").read_bytes())
    record["config"]["data"] = "/home/somebody/secret/faces"
    copy = tmp_path / "logs" / "v1" / "copied"
    copy.mkdir(parents=True)
    (copy / "run.json").write_text(json.dumps(record))
    (copy / "train").mkdir()
    for events in (run / "train").iterdir():
        (copy / "train" / events.name).write_bytes(events.read_bytes())
    with ready_client(settings_for(tmp_path / "none", tmp_path)) as client:
        answer = client.get("/api/runs/v1/copied")
        assert answer.json()["run"]["facts"]["data"] == "faces"
        assert "somebody" not in answer.text


@pytest.mark.parametrize("name", ["nope", "..%2fmodels", "v1", "%2e%2e/%2e%2e/etc", "v1/x" * 200])
def test_an_unknown_run_is_not_found(published: Settings, name: str) -> None:
    with ready_client(published) as client:
        answer = client.get(f"/api/runs/{name}")
        assert answer.status_code == 404
        assert str(REPOSITORY) not in answer.text


def test_without_a_logs_folder_there_are_no_runs(client: TestClient) -> None:
    answer: Any = client.get("/api/runs")
    assert answer.json() == {"success": True, "runs": []}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "broken" / "train"
    folder.mkdir(parents=True)
    (folder / "events.out.tfevents.1").write_bytes(b"no events here")
    with ready_client(settings_for(tmp_path / "none", tmp_path)) as client:
        (run,) = client.get("/api/runs").json()["runs"]
        assert run["name"] == "broken"
        assert run["problems"] == [{"file": "train/events.out.tfevents.1", "code": "not_events"}]
