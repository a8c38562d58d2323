"""Factories for tests of the service: pictures, small real models, settings and clients."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from fastapi.testclient import TestClient
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from app.core.settings import Settings
from app.main import create_app
from app.service import Service
from app.worker.conversion import ModelConverter
from detection_model.card import Card, InputSpec, Member, file_sha256, read_card, write_card
from detection_model.evaluation import records
from detection_model.evaluation.records import Estimate, Evaluation, EvaluationRow, Prediction

# Seconds; a stalled machine must not fail a test. Tests of a limit set their own.
PATIENCE = 240.0


# A model's predictions on two real and two fake pictures; three are correct at 0.5.
PREDICTIONS = [
    Prediction("a", "D", "test", "original", label, fake, 0.0)
    for label, fake in (("Real", 0.1), ("Real", 0.6), ("Fake", 0.7), ("Fake", 0.9))
]


def picture(brightness: int = 128, size: tuple[int, int] = (60, 80), format_: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (brightness,) * 3).save(buffer, format_)
    return buffer.getvalue()


def brightness_model(path: Path, *, units: int = 1, sign: int = 1, rescale: bool = True) -> Path:
    """A model whose last output grows with brightness (sign 1) or falls (-1)."""
    import keras
    from keras import layers

    scaling = [layers.Rescaling(1 / 255)] if rescale else []
    activation = "sigmoid" if units == 1 else "softmax"
    dense = layers.Dense(units, activation=activation)
    model = keras.Sequential(
        [keras.Input((64, 48, 3)), *scaling, layers.GlobalAveragePooling2D(), dense]
    )
    kernel, bias = np.zeros((3, units), np.float32), np.zeros(units, np.float32)
    kernel[:, -1] = 4 * sign  # a logit of -6 for black to 6 for white
    bias[-1] = -6 * sign
    dense.set_weights([kernel, bias])
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    return path


def card_for(path: Path, **changes: Any) -> None:
    card = Card(name=path.stem, sha256=file_sha256(path), input=InputSpec(height=64, width=48))
    write_card(Card.model_validate({**card.model_dump(), **changes}), path.with_suffix(".json"))


def ensemble(models: Path, name: str, members: list[str], **changes: Any) -> Card:
    card = Card(
        name=name,
        kind="ensemble",
        members=tuple(
            Member(name=member, sha256=file_sha256(models / f"{member}.keras"))
            for member in members
        ),
        input=InputSpec(height=64, width=48),
        **changes,
    )
    write_card(card, models / f"{name}.json")
    return card


def write_evaluation(model: Path, predictions: list[Prediction]) -> None:
    """Write an evaluation of this model file at the threshold 0.5."""
    folder = model.with_suffix(".eval")
    folder.mkdir(exist_ok=True)
    records.write_predictions(folder / records.PREDICTIONS, predictions)
    labels = [prediction.label for prediction in predictions]
    row = EvaluationRow(
        dataset=predictions[0].dataset,
        split=predictions[0].split,
        n_real=labels.count("Real"),
        n_fake=labels.count("Fake"),
        confusion=records.confusion_at(predictions, 0.5),
        metrics={"auc": Estimate(value=1, low=1, high=1)},
    )
    evaluation = Evaluation(
        model=model.stem,
        model_sha256=file_sha256(model),
        threshold=0.5,
        created="2026-01-01",
        command="detection-model evaluate",
        rows=[row],
    )
    (folder / records.METRICS).write_text(evaluation.model_dump_json())


def prepare(models: Path, cache: Path) -> None:
    """Convert the models as a worker does; two steps, since a new file may still be growing."""
    converter = ModelConverter(models, cache)
    converter.step()
    converter.step()


def settings_for(models: Path, state: Path, **changes: Any) -> Settings:
    return Settings.model_validate(
        {
            "models_dir": models,
            "logs_dir": state / "logs",
            "data_dir": state / "data",
            "state_dir": state,
            "spa_dir": state / "dist",
            "worker": "none",
            "tensorboard": "none",
            "poll_seconds": 0.05,
            "max_wait": PATIENCE,
            "deadline": PATIENCE,
            **changes,
        }
    )


def settings_on(models: Path, cache: Path, folder: Path, **changes: Any) -> Settings:
    """Settings with a new state folder that shares a cache of converted models."""
    state = folder / "state"
    state.mkdir()
    (state / "cache").symlink_to(cache)
    return settings_for(models, state, **changes)


def ready_client(settings: Settings) -> TestClient:
    """A client of a service that serves its models."""
    client = TestClient(create_app(settings), raise_server_exceptions=False)
    refresh(client)
    return client


def until(condition: Callable[[], bool]) -> None:
    """Wait until a background task has made the condition true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.01)


def predict(client: TestClient, data: bytes, **query: Any) -> Any:
    return client.post("/api/predict", files={"image": ("x.png", data)}, params=query)


def refresh(client: TestClient) -> None:
    """Read the overrides; scan the models folder twice, so that no file counts as being written."""
    service: Service = client.app.state.service  # type: ignore[attr-defined]
    service.overrides.refresh()
    service.registry.refresh()
    service.registry.refresh()


def change_card(client: TestClient, model: str, **changes: Any) -> None:
    """Change values in a model's card, which the service then reads."""
    service: Service = client.app.state.service  # type: ignore[attr-defined]
    path = service.settings.models_dir / f"{model}.json"
    write_card(read_card(path).model_copy(update=changes), path)
    refresh(client)


def samples(client: httpx.Client) -> dict[tuple[str, ...], float]:
    """Values of /metrics by name and label values, sorted by label name."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def rows(client: TestClient) -> dict[str, Any]:
    """The rows of /api/models by name."""
    return {row["name"]: row for row in client.get("/api/models").json()["models"]}
