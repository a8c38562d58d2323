"""A service with small but real models, in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from helpers import brightness_model, card_for, prepare, ready_client, settings_for
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from app.core.settings import Settings
from app.jobs.archive_worker import ArchiveWorker
from app.service import Service
from app.storage.database import Database
from app.storage.jobs import JobStore
from detection_model.card import OutputSpec

# A machine that stalls makes no test fail.
hypothesis_settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests first, so that no core is idle at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folder of models and cache: bright (bright is Fake), dark (dark is Fake), nocard, broken."""
    home = tmp_path_factory.mktemp("prepared")
    models = home / "models"
    card_for(brightness_model(models / "bright.keras"))
    card_for(
        brightness_model(models / "dark.keras", units=2),
        output=OutputSpec(activation="softmax", classes=("Fake", "Real")).model_dump(),
        threshold={"value": 0.6, "chosen": "for this test"},
    )
    brightness_model(models / "nocard.keras", rescale=False)
    (models / "broken.keras").write_text("this is no model")
    prepare(models, home / "state" / "cache")
    return models, home / "state" / "cache"


@pytest.fixture
def settings(prepared: tuple[Path, Path], tmp_path: Path) -> Settings:
    models, cache = prepared
    state = tmp_path / "state"
    state.mkdir()
    (state / "cache").symlink_to(cache)
    return settings_for(models, state)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with ready_client(settings) as client:
        yield client


@pytest.fixture
def service(client: TestClient) -> Service:
    service: Service = client.app.state.service  # type: ignore[attr-defined]
    return service


@pytest.fixture
def runner(service: Service) -> Iterator[ArchiveWorker]:
    """A runner with a connection of its own, as the worker has."""
    database = Database(service.settings.store_url)
    yield ArchiveWorker(JobStore(database), service.settings)
    database.close()
