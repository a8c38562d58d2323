"""A service with small but real models, in this process."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from heat_maps import spot_model
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from scenes import INPUT, write_models
from service_factories import (
    brightness_model,
    card_for,
    ensemble,
    prepare,
    ready_client,
    settings_for,
    settings_on,
)

from app.core.settings import Settings
from app.jobs.archive_worker import ArchiveWorker
from app.service import Service
from app.storage.database import Database
from app.storage.jobs import JobStore
from detection_model.card import InputSpec, MeanCombination, OutputSpec

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


@pytest.fixture(scope="session")
def face_models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folder of models and cache: faces, lopsided (both for faces) and older (whole pictures)."""
    home = tmp_path_factory.mktemp("faces")
    write_models(home / "models")
    prepare(home / "models", home / "cache")
    return home / "models", home / "cache"


@pytest.fixture(scope="session")
def spot_models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folder of models and cache: models that see spots, of whole pictures (spots), of faces and
    of the middle; one without feature maps (flat); and an ensemble (both)."""
    home = tmp_path_factory.mktemp("spots")
    models = home / "models"
    spots = spot_model(models / "spots.keras")
    card_for(spots)
    card_for(Path(shutil.copy(spots, models / "faces.keras")), input=INPUT)
    middle = InputSpec(height=64, width=48, resize="center-crop").model_dump()
    card_for(Path(shutil.copy(spots, models / "middle.keras")), input=middle)
    card_for(brightness_model(models / "flat.keras"))
    ensemble(models, "both", ["spots", "flat"], combination=MeanCombination())
    prepare(models, home / "cache")
    return models, home / "cache"


@pytest.fixture
def settings(prepared: tuple[Path, Path], tmp_path: Path) -> Settings:
    return settings_on(*prepared, tmp_path)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with ready_client(settings) as client:
        yield client


@pytest.fixture
def own_models(prepared: tuple[Path, Path], tmp_path: Path) -> Settings:
    """A folder with bright only, to change at will."""
    models = tmp_path / "models"
    models.mkdir()
    for name in ("bright.keras", "bright.json"):
        shutil.copy2(prepared[0] / name, models / name)
    settings = settings_for(models, tmp_path / "state")
    prepare(models, settings.cache_dir)
    return settings


@pytest.fixture
def changeable(settings: Settings, tmp_path: Path) -> Iterator[TestClient]:
    """A client of a service whose models folder a test may change."""
    models = shutil.copytree(settings.models_dir, tmp_path / "models")
    with ready_client(settings.model_copy(update={"models_dir": Path(models)})) as client:
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
