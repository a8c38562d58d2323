"""POST /api/predict: verdicts point the right way and say all that the contract promises."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_factories import PATIENCE, change_card, picture, predict

from app.inference import pipeline
from detection_model.card import TemperatureCalibrator

BLACK, GREY, WHITE = picture(0), picture(128), picture(255)


@pytest.mark.parametrize(
    ("model", "data", "expected"),
    [
        ("bright", WHITE, "Fake"),
        ("bright", BLACK, "Real"),
        ("dark", WHITE, "Real"),
        ("dark", BLACK, "Fake"),
    ],
)
def test_fake_means_fake_whatever_the_models_polarity(
    client: TestClient, model: str, data: bytes, expected: str
) -> None:
    answer = predict(client, data, model=model).json()
    assert answer["prediction"] == expected
    assert answer["verdict"] == expected.lower()
    assert answer["confidence"] == pytest.approx(answer["probability"][expected.lower()])
    assert answer["confidence"] > 0.99
    assert answer["probability"]["real"] + answer["probability"]["fake"] == pytest.approx(1)


def test_an_answer_holds_what_the_contract_says(client: TestClient) -> None:
    response = predict(client, GREY, model="bright")
    answer = response.json()
    assert response.status_code == 200
    assert answer["success"] is True
    assert answer["threshold"] == 0.5
    assert answer["threshold_source"] == "card"
    assert answer["model"] == "bright"
    assert len(answer["model_sha256"]) == 64
    assert (answer["image"]["width"], answer["image"]["height"]) == (60, 80)
    assert answer["image"]["format"] == "PNG"
    assert answer["image"]["size_bytes"] == len(GREY)
    assert set(answer["timing_ms"]) == {"decode", "queue", "faces", "infer", "total"}
    assert answer["device"] == "cpu"
    assert answer["message"]


def test_the_field_may_be_named_file(client: TestClient) -> None:
    response = client.post("/api/predict", files={"file": ("x", WHITE)}, params={"model": "bright"})
    assert response.json()["prediction"] == "Fake"


def test_without_a_card_the_verdict_is_uncertain_and_says_what_was_assumed(
    client: TestClient,
) -> None:
    answer = predict(client, WHITE, model="nocard").json()
    assert answer["prediction"] == "Fake"
    assert answer["verdict"] == "uncertain"
    assert "output 1 means Fake" in answer["assumptions"]
    assert answer["assumptions"] == [assumption["message"] for assumption in answer["assumed"]]
    order = next(item for item in answer["assumed"] if item["code"] == "class_order")
    assert order["values"] == {"class": "Fake"}
    assert answer["threshold_source"] == "default"


def test_all_models_side_by_side(client: TestClient) -> None:
    answer = predict(client, WHITE, models="all").json()
    assert [r["model"] for r in answer["results"]] == ["bright", "dark", "nocard"]
    agreement = answer["agreement"]
    # nocard says Fake, but its verdict is uncertain: no vote.
    counts = [agreement[name] for name in ("models", "fake", "real", "undecided")]
    assert counts == [3, 1, 1, 1]
    assert agreement["majority"] is None
    assert agreement["message"] == "The models are split: 1 of 3 say Fake, 1 say Real."


def test_some_models_side_by_side(client: TestClient) -> None:
    answer = predict(client, WHITE, models="dark, bright,broken").json()
    assert [r["model"] for r in answer["results"]] == ["dark", "bright"]
    assert answer["failed"][0]["model"] == "broken"
    assert answer["failed"][0]["error"] == "model_broken"
    assert answer["agreement"]["majority"] is None


def test_a_requests_threshold_wins(client: TestClient) -> None:
    answer = predict(client, WHITE, model="bright", threshold=1).json()
    assert answer["prediction"] == "Real"
    assert answer["threshold_source"] == "request"


def test_the_default_is_the_newest_model_with_a_card(client: TestClient) -> None:
    assert predict(client, WHITE).json()["model"] == "dark"


def test_the_calibrator_is_used_unless_the_request_says_otherwise(changeable: TestClient) -> None:
    change_card(changeable, "bright", calibrator=TemperatureCalibrator(temperature=10))
    softened = predict(changeable, WHITE, model="bright").json()
    raw = predict(changeable, WHITE, model="bright", calibrate=False).json()
    assert softened["probability"]["fake"] < 0.7 < raw["probability"]["fake"]
    assert softened["raw_probability"] == raw["probability"]


def test_a_prediction_does_not_block_the_event_loop(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, leave, prediction = threading.Event(), threading.Event(), pipeline.predict

    def slow(*args: Any, **options: Any) -> Any:
        entered.set()
        leave.wait(PATIENCE)
        return prediction(*args, **options)

    monkeypatch.setattr("app.inference.predictor.predict", slow)
    with ThreadPoolExecutor(1) as thread:
        request = thread.submit(predict, client, WHITE, model="bright")
        assert entered.wait(PATIENCE)
        assert client.get("/api/health").json()["status"] == "healthy"
        assert not request.done()
        leave.set()
        assert request.result().json()["prediction"] == "Fake"
