"""/api/models: listing, switching, thresholds, evaluations and readiness."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_factories import (
    PREDICTIONS,
    picture,
    predict,
    ready_client,
    rows,
    settings_for,
    write_evaluation,
)

from app.core.settings import Settings

WHITE = picture(255)


def test_a_broken_file_is_reported_on_its_row_and_harms_no_other(client: TestClient) -> None:
    models = rows(client)
    assert {name: row["state"] for name, row in models.items()} == {
        "bright": "ready",
        "broken": "broken",
        "dark": "ready",
        "nocard": "ready",
    }
    assert "broken.keras is not a Keras file" in models["broken"]["problem"]
    assert models["bright"]["engine"]["name"] == "litert"
    assert models["bright"]["engine"]["max_difference"] < 1e-3
    assert models["bright"]["engine"]["max_logit_difference"] < 1e-3
    assert models["dark"]["card"]["output"]["classes"] == ["Fake", "Real"]
    assert models["nocard"]["assumptions"]


def test_switching_the_active_model_outlives_a_restart(settings: Settings) -> None:
    with ready_client(settings) as client:
        assert client.put("/api/models/active", json={"name": "bright"}).status_code == 200
        assert predict(client, WHITE).json()["model"] == "bright"
        assert client.get("/api/model/info").json()["model_name"] == "bright"
    with ready_client(settings) as client:
        assert client.get("/api/models").json()["active"] == "bright"


@pytest.mark.parametrize(("name", "status"), [("v99", 404), ("broken", 409)])
def test_only_a_model_that_answers_can_be_active(
    client: TestClient, name: str, status: int
) -> None:
    assert client.put("/api/models/active", json={"name": name}).status_code == status


def test_a_threshold_takes_effect_at_once_and_outlives_a_restart(settings: Settings) -> None:
    with ready_client(settings) as client:
        assert predict(client, WHITE, model="bright").json()["prediction"] == "Fake"
        changed = client.patch("/api/models/bright", json={"threshold": 1.0}).json()["model"]
        assert (changed["threshold"], changed["threshold_source"]) == (1.0, "override")
        answer = predict(client, WHITE, model="bright").json()
        assert (answer["prediction"], answer["threshold_source"]) == ("Real", "override")
    with ready_client(settings) as client:
        assert rows(client)["bright"]["threshold"] == 1.0
        client.patch("/api/models/bright", json={"threshold": None})
        answer = predict(client, WHITE, model="bright").json()
        assert (answer["prediction"], answer["threshold_source"]) == ("Fake", "card")


@pytest.mark.parametrize("body", [{"threshold": 2}, {"threshold": "x"}, {}, {"treshold": 0.5}])
def test_a_wrong_threshold_is_refused(client: TestClient, body: dict[str, Any]) -> None:
    assert client.patch("/api/models/bright", json=body).status_code == 422


def test_verdicts_go_on_when_the_store_is_gone(settings: Settings) -> None:
    (settings.state_dir / "store.sqlite3").mkdir()  # cannot be opened as a database
    with ready_client(settings) as client:
        assert predict(client, WHITE, model="bright").status_code == 200
        answer = client.patch("/api/models/bright", json={"threshold": 0.7})
        assert answer.status_code == 503
        assert answer.json()["error"] == "store_unavailable"
        assert "retry-after" in answer.headers
        (settings.state_dir / "store.sqlite3").rmdir()
        assert client.patch("/api/models/bright", json={"threshold": 0.7}).status_code == 200


def test_the_measured_counts_follow_the_threshold_in_force(own_models: Settings) -> None:
    write_evaluation(own_models.models_dir / "bright.keras", PREDICTIONS)
    with ready_client(own_models) as client:
        assert rows(client)["bright"]["evaluation"]["confusion"]["correct"] == 3
        client.patch("/api/models/bright", json={"threshold": 0.65})
        evaluation = rows(client)["bright"]["evaluation"]
        assert (evaluation["confusion"]["correct"], evaluation["accuracy"]) == (4, 1.0)
        detail = client.get("/api/models/bright/evaluation").json()
        assert detail["evaluation"]["rows"][0]["confusion"]["correct"] == 3
        assert detail["summary"]["confusion"]["correct"] == 4
        assert client.get("/api/model/info").json()["accuracy"] == 1.0


def test_damaged_predictions_leave_the_stored_counts(own_models: Settings) -> None:
    write_evaluation(own_models.models_dir / "bright.keras", PREDICTIONS)
    (own_models.models_dir / "bright.eval" / "predictions.csv").write_text("path,fake\na,x\n")
    with ready_client(own_models) as client:
        client.patch("/api/models/bright", json={"threshold": 0.65})
        assert rows(client)["bright"]["evaluation"]["confusion"]["correct"] == 3


def test_without_any_model_it_is_healthy_but_not_ready(tmp_path: Path) -> None:
    with ready_client(settings_for(tmp_path / "none", tmp_path)) as client:
        health = client.get("/api/health").json()
        assert (health["status"], health["model_loaded"]) == ("healthy", False)
        ready = client.get("/api/ready")
        assert ready.status_code == 503
        assert "models folder" in ready.json()["message"]
        assert predict(client, WHITE).json()["error"] == "no_model"


def test_with_models_it_is_ready(client: TestClient) -> None:
    assert client.get("/api/ready").json()["models"] == ["bright", "dark", "nocard"]
    assert client.get("/api/health").json()["model_loaded"] is True


def test_the_older_shape_of_model_info(client: TestClient) -> None:
    assert client.get("/api/model/info").json() == {
        "success": True,
        "model_name": "dark",
        "version": "1",
        "input_shape": [64, 48, 3],
        "threshold": 0.6,
        "classes": ["Fake", "Real"],
        "accuracy": None,
    }
