"""A start waits only for what the first answer needs, and the default model answers after it."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from service_factories import (
    PATIENCE,
    brightness_model,
    card_for,
    picture,
    predict,
    prepare,
    ready_client,
    refresh,
    until,
)

from app.core.settings import Settings
from app.main import create_app
from app.service import Service
from app.storage.overrides import OverrideStore
from app.worker.conversion import ModelConverter
from detection_model.card import file_sha256
from detection_model.export.litert import (
    compile_model,
    compiled_folder,
    published_folder,
)

WHITE = picture(255)


@pytest.fixture
def two_models(settings: Settings, prepared: tuple[Path, Path], tmp_path: Path) -> Settings:
    """Models bright and dark, the default, and an empty cache."""
    models = tmp_path / "models"
    models.mkdir()
    for name in ("bright", "dark"):
        for suffix in (".keras", ".json"):
            (models / f"{name}{suffix}").write_bytes((prepared[0] / f"{name}{suffix}").read_bytes())
    (settings.state_dir / "cache").unlink()
    return settings.model_copy(update={"models_dir": models})


def converted_at(settings: Settings, name: str) -> int:
    sha256 = file_sha256(settings.models_dir / f"{name}.keras")
    return (compiled_folder(settings.cache_dir, sha256) / "report.json").stat().st_mtime_ns


def test_the_parts_that_a_first_answer_does_not_need_are_not_imported() -> None:
    late = "tensorflow", "keras", "alembic", "httpx", "jinja2", "pandas", "sklearn", "matplotlib"
    code = f"import app.main, sys; print(*set({late}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(("chosen", "first"), [(None, "dark"), ("bright", "bright")])
def test_the_default_model_is_converted_first(
    two_models: Settings, chosen: str | None, first: str
) -> None:
    converter = ModelConverter(two_models.models_dir, two_models.cache_dir, lambda: chosen)
    converter.step()
    converter.step()
    other = {"dark": "bright", "bright": "dark"}[first]
    assert converted_at(two_models, first) < converted_at(two_models, other)


def test_after_a_start_no_model_answers_in_place_of_the_default_one(
    two_models: Settings, prepared: tuple[Path, Path]
) -> None:
    sha256 = file_sha256(two_models.models_dir / "bright.keras")
    folder = compiled_folder(two_models.cache_dir, sha256)
    folder.parent.mkdir()
    folder.symlink_to(compiled_folder(prepared[1], sha256))
    with ready_client(two_models) as client:
        assert predict(client, WHITE, model="bright").status_code == 200
        answer = predict(client, WHITE)
        assert (answer.status_code, answer.json()["error"]) == (503, "model_loading")
        assert client.get("/api/ready").status_code == 503
        prepare(two_models.models_dir, two_models.cache_dir)
        refresh(client)
        assert predict(client, WHITE).json()["model"] == "dark"


def test_the_chosen_model_answers_first_also_if_the_database_is_slow(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ready_client(settings) as client:
        client.put("/api/models/active", json={"name": "bright"})
    refresh = OverrideStore.refresh

    def slow(store: OverrideStore) -> None:
        time.sleep(1)
        refresh(store)

    monkeypatch.setattr(OverrideStore, "refresh", slow)
    with TestClient(create_app(settings)) as client:
        until(lambda: client.get("/api/ready").status_code == 200)
        assert predict(client, WHITE).json()["model"] == "bright"


def test_a_model_that_comes_converted_is_served_without_tensorflow(two_models: Settings) -> None:
    path = two_models.models_dir / "dark.keras"
    (two_models.models_dir / "bright.keras").unlink()
    folder = published_folder(path)
    folder.mkdir()
    report = compile_model(path, file_sha256(path), folder)
    (folder / "report.json").write_text(report.model_dump_json())
    code = (
        "import sys; from pathlib import Path; from app.worker.conversion import ModelConverter; "
        f"converter = ModelConverter(Path({str(two_models.models_dir)!r}), "
        f"Path({str(two_models.cache_dir)!r})); converter.step(); converter.step(); "
        "print('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    with ready_client(two_models) as client:
        assert predict(client, WHITE).json()["model"] == "dark"


def test_a_default_model_that_cannot_be_served_leaves_its_place(two_models: Settings) -> None:
    (two_models.models_dir / "dark.keras").write_text("this is no model")
    with ready_client(two_models) as client:
        assert client.get("/api/ready").status_code == 503
        prepare(two_models.models_dir, two_models.cache_dir)
        refresh(client)
        assert predict(client, WHITE).json()["model"] == "bright"


def test_a_model_that_is_added_later_takes_over_only_when_it_answers(two_models: Settings) -> None:
    prepare(two_models.models_dir, two_models.cache_dir)
    with ready_client(two_models) as client:
        card_for(brightness_model(two_models.models_dir / "newer.keras", sign=-1))
        refresh(client)
        assert predict(client, WHITE).json()["model"] == "dark"
        prepare(two_models.models_dir, two_models.cache_dir)
        refresh(client)
        assert predict(client, WHITE).json()["model"] == "newer"


def test_before_the_first_refresh_a_request_is_told_that_the_service_starts(
    settings: Settings,
) -> None:
    client = TestClient(create_app(settings))  # outside `with`, nothing refreshes it
    answer = predict(client, WHITE)
    assert (answer.status_code, answer.json()["error"]) == (503, "model_loading")
    assert "starting" in answer.json()["message"]


def test_a_stop_closes_the_database_after_the_last_refresh(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings)
    service: Service = app.state.service
    events: list[str] = []
    has_started, is_closed = threading.Event(), threading.Event()

    def refresh() -> None:
        has_started.set()
        is_closed.wait(0.5)  # the time in which a stop that does not wait would close it
        events.append("refreshed")

    close_connections = service.database.close

    def close() -> None:
        events.append("closed")
        is_closed.set()
        close_connections()

    monkeypatch.setattr(service.overrides, "refresh", refresh)
    monkeypatch.setattr(service.database, "close", close)
    with TestClient(app):
        assert has_started.wait(PATIENCE)
    assert events[-2:] == ["refreshed", "closed"]
