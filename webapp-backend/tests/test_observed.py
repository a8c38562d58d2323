"""Metrics, request ids and the log: what happens is seen, and no picture's content is."""

import json
import logging
import subprocess
import sys

import pytest
from fastapi.testclient import TestClient
from service_factories import picture, predict, ready_client, samples

from app.core.settings import Settings
from app.storage.history import HistoryStore

WHITE = picture(255)


def test_requests_stages_verdicts_and_refusals_are_counted(client: TestClient) -> None:
    predict(client, WHITE, model="bright")
    predict(client, WHITE, models="bright,dark")
    predict(client, b"no picture", model="bright")
    values = samples(client)
    assert values["deepfake_requests_total", "POST", "/api/predict", "200"] == 2
    assert values["deepfake_requests_total", "POST", "/api/predict", "415"] == 1
    assert values["deepfake_request_seconds_count", "/api/predict"] == 3
    assert values["deepfake_refusals_total", "unsupported_format"] == 1
    assert values["deepfake_verdicts_total", "bright", "fake"] == 2
    assert values["deepfake_verdicts_total", "dark", "real"] == 1
    assert values["deepfake_stage_seconds_count", "bright", "infer"] == 2
    assert values["deepfake_stage_seconds_count", "", "decode"] == 2
    assert values["deepfake_models_ready",] == 3
    assert values["deepfake_waiting_seconds",] == 0


def test_paths_that_anyone_can_make_up_are_one_label(client: TestClient) -> None:
    for path in ("/api/models/a", "/api/models/b", "/api/nothing/1", "/api/nothing/2"):
        client.get(path)
    values = samples(client)
    assert values["deepfake_requests_total", "GET", "/api/models/{name}", "404"] == 2
    assert not [key for key in values if any("nothing" in part for part in key)]


@pytest.mark.parametrize(
    ("request_id", "is_accepted"),
    [("abc-123", True), ("a" * 65, False), ("a b", False), ("<script>", False), ("", False)],
)
def test_a_request_has_an_id_that_its_client_may_choose(
    client: TestClient, caplog: pytest.LogCaptureFixture, request_id: str, is_accepted: bool
) -> None:
    with caplog.at_level(logging.DEBUG, "app.access"):
        answer = client.get("/api/health", headers={"X-Request-ID": request_id})
    identity = answer.headers["x-request-id"]
    assert (identity == request_id) is is_accepted
    assert len(identity) in (32, len(request_id))
    assert [getattr(record, "request_id", None) for record in caplog.records] == [identity]


def test_an_answer_of_an_unexpected_error_has_the_headers_of_any_other(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(HistoryStore, "page", fail)
    headers = {"X-Request-ID": "abc-123", "Origin": "https://example.org"}
    named = settings.model_copy(update={"cors_origins": ["https://example.org"]})
    with ready_client(named) as client:
        answer = client.get("/api/history", headers=headers)
        assert samples(client)["deepfake_refusals_total", "internal_error"] == 1
    assert (answer.status_code, answer.json()["error"]) == (500, "internal_error")
    assert answer.headers["x-request-id"] == "abc-123"
    assert answer.headers["access-control-allow-origin"] == "https://example.org"
    assert "secret" not in answer.text
    (error,) = (record for record in caplog.records if record.name == "app.api.errors")
    assert error.exc_info
    assert "abc-123" in error.getMessage()
    assert getattr(error, "request_id", None) == "abc-123"


def test_the_log_tells_nothing_of_the_picture(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post("/api/predict?model=bright", files={"image": ("secret.png", WHITE)})
    assert "POST /api/predict 200" in caplog.text
    assert "secret" not in caplog.text


def test_the_log_is_json_where_machines_read_it() -> None:
    code = (
        "import logging; from app.core import logs; logs.configure('json', 'INFO')\n"
        "logging.getLogger('app.access').info('GET %s', '/x', extra={'request_id': 'r', 'ms': 1})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    line = json.loads(done.stderr)
    assert (line["message"], line["request_id"], line["ms"]) == ("GET /x", "r", 1)
    assert line["levelname"] == "INFO"
