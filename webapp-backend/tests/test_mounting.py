"""Models that someone mounts: foreign files, and a folder that changes under constant requests."""

import io
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from service_factories import (
    brightness_model,
    card_for,
    picture,
    prepare,
    ready_client,
    settings_for,
    until,
)

from detection_model.card import OutputSpec, file_sha256, write_card
from detection_model.evaluation.cards import best_convention, probe_conventions

pytestmark = pytest.mark.slow

WHITE = picture(255)


def grey(level: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (90, 70), (level,) * 3).save(buffer, "PNG")
    return buffer.getvalue()


def foreign_model(path: Path, fake_first: bool) -> None:
    """Wants [-1, 1] and 75 x 50 pixels; a softmax that says Fake for middling brightness."""
    import keras
    from keras import layers

    near, last = layers.Dense(2, activation="relu"), layers.Dense(2, activation="softmax")
    model = keras.Sequential(
        [keras.Input((50, 75, 3)), layers.GlobalAveragePooling2D(), near, last]
    )
    near.set_weights([np.array([[10 / 9, -10 / 9]] * 3, np.float32), np.zeros(2, np.float32)])
    kernel, bias = np.array([[-8, 0], [-8, 0]], np.float32), np.array([8, 0], np.float32)
    last.set_weights([kernel, bias] if fake_first else [kernel[:, ::-1], bias[::-1]])
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("fake_first", [True, False])
def test_a_foreign_file_is_served_with_its_assumptions_and_right_after_card(
    tmp_path: Path, fake_first: bool, suffix: str
) -> None:
    data = tmp_path / "faces"
    levels = {"Fake": (110, 127, 140), "Real": (5, 20, 235, 250)}
    for label, values in levels.items():
        (data / label).mkdir(parents=True)
        for number in range(12):
            file = data / label / f"{number}.png"
            file.write_bytes(grey(values[number % len(values)] + number // 4))
    path = tmp_path / "models" / f"foreign{suffix}"
    foreign_model(path, fake_first)
    settings = settings_for(path.parent, tmp_path / "state")
    prepare(path.parent, settings.cache_dir)
    with ready_client(settings) as client:
        answer = client.post("/api/predict", files={"image": ("a.png", grey(127))}).json()
        assert answer["verdict"] == "uncertain"
        assert "values from 0 to 1" in answer["assumptions"][0]
        row = client.get("/api/models/foreign").json()["model"]
        assert row["assumptions"] == answer["assumptions"]
        assert row["assumed"] == answer["assumed"]
        assert answer["assumed"][0]["code"] == "input_unscaled"
        assert answer["assumed"][0]["values"] == {"low": 0, "high": 1}
        assert (row["card"]["input"]["height"], row["card"]["input"]["width"]) == (50, 75)

        write_card(best_convention(probe_conventions(path, data)).card, path.with_suffix(".json"))
        service: Any = client.app.state.service  # type: ignore[attr-defined]
        service.registry.refresh()
        service.registry.refresh()
        for label, values in levels.items():
            for level in values:
                answer = client.post("/api/predict", files={"image": ("a.png", grey(level))}).json()
                assert (answer["verdict"], answer["assumed"]) == (label.lower(), [])


class Askers:
    """Clients that send requests without pause, and their answers."""

    QUERIES: tuple[dict[str, str], ...] = ({}, {"models": "all"}, {"model": "steady"})

    def __init__(self, client: TestClient) -> None:
        self.answers: list[tuple[int, Any]] = []
        self._client = client
        self._ended = threading.Event()
        self._threads = ThreadPoolExecutor(len(self.QUERIES))

    def __enter__(self) -> "Askers":
        self._asking = [self._threads.submit(self._ask, query) for query in self.QUERIES]
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for future in self._asking:
            future.result()

    def _ask(self, query: dict[str, str]) -> None:
        while not self._ended.is_set():
            files = {"image": ("white.png", WHITE)}
            answer = self._client.post("/api/predict", files=files, params=query)
            self.answers.append((answer.status_code, answer.json()))


def versions(folder: Path) -> Iterator[tuple[Path, str]]:
    """Model files and cards, and what each pair says of white.

    Weights and cards turn round in turn, so that any file with another's card says the opposite.
    """
    for number in range(12):
        path = folder / f"{number}" / "guest.keras"
        brighter_is_last, fake_first = number % 4 < 2, number % 2 == 0
        brightness_model(path, units=2, sign=(1 + number) * (1 if brighter_is_last else -1))
        classes = ("Fake", "Real") if fake_first else ("Real", "Fake")
        card_for(path, output=OutputSpec(activation="softmax", classes=classes).model_dump())
        yield path, classes[int(brighter_is_last)]


def test_models_come_change_and_go_under_constant_requests(tmp_path: Path) -> None:
    models = tmp_path / "models"
    card_for(brightness_model(models / "steady.keras"))
    files = list(versions(tmp_path / "versions"))
    truth = {file_sha256(path): says for path, says in files}
    truth[file_sha256(models / "steady.keras")] = "Fake"
    settings = settings_for(models, tmp_path / "state")
    for folder in (models, *(path.parent for path, _ in files)):
        prepare(folder, settings.cache_dir)
    with ready_client(settings) as client, Askers(client) as askers:
        for number in range(4 * len(files)):
            path, _ = files[number % len(files)]
            if number % 4 == 3:
                (models / "guest.keras").unlink()
                (models / "guest.json").unlink()
                until_served(client, None)
            # As a copy over a slow line: the card first or last, the file in pieces.
            mount(path, models, card_first=number % 3 == 0)
            until_served(client, file_sha256(path))
    check(askers.answers, truth)


def mount(path: Path, models: Path, *, card_first: bool) -> None:
    if card_first:
        shutil.copy(path.with_suffix(".json"), models)
    data = path.read_bytes()
    with (models / path.name).open("wb") as file:
        for start in range(0, len(data), 4096):
            file.write(data[start : start + 4096])
            file.flush()
    shutil.copy(path.with_suffix(".json"), models)


def until_served(client: TestClient, sha256: str | None) -> None:
    """Wait for the service's own look at the folder."""

    def served_sha256() -> Any:
        answer = client.get("/api/models/guest")
        if answer.status_code == 404:
            return None
        return (answer.json()["model"]["card"] or {}).get("sha256", "no card")

    until(lambda: served_sha256() == sha256)


def check(answers: list[tuple[int, Any]], truth: dict[str, str]) -> None:
    """No request failed, and each result is that of the file it names."""
    assert Counter(status for status, _ in answers).keys() == {200}
    results = [result for _, body in answers for result in body.get("results", [body])]
    assert {result["model_sha256"] for result in results} <= truth.keys()
    assert all(result["prediction"] == truth[result["model_sha256"]] for result in results)
    failures = [failed["error"] for _, body in answers for failed in body.get("failed", [])]
    assert set(failures) <= {"model_loading"}
    # The guests were really asked, and more than a few of them.
    assert len({result["model_sha256"] for result in results}) > 10
