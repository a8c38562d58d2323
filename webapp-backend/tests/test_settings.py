"""Settings: their documentation is current, and docker compose passes them on."""

import re
from pathlib import Path

from app.core.settings import Settings, settings_table

ROOT = Path(__file__).parents[2]
# Fixed in a container, by the image or by compose.
FIXED = {"HOST", "PORT", "LOGS_DIR", "DATA_DIR", "MODELS_DIR", "STATE_DIR", "SPA_DIR"}
FIXED |= {"WORKER", "TENSORBOARD", "CASES_DIR"}


def test_the_settings_page_is_current() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == settings_table(), "run `make settings`"


def test_every_setting_has_a_description() -> None:
    assert [name for name, f in Settings.model_fields.items() if not f.description] == []


def test_compose_passes_every_setting_to_the_backend() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    backend = compose.split("  backend:")[1].split("  tensorboard:")[0]
    names = set(re.findall(r"^      ([A-Z_]+):", backend, re.MULTILINE))
    assert {name.upper() for name in Settings.model_fields} - FIXED == names


def test_nginx_lets_through_what_the_service_accepts_by_default() -> None:
    script = (ROOT / "webapp-frontend" / "nginx.sh").read_text()
    defaults = dict(re.findall(r"\$\{(MAX_[A-Z_]+):-(\d+)\}", script))
    fields = Settings.model_fields
    assert defaults == {name: str(fields[name.lower()].default) for name in defaults}
    assert set(defaults) == {"MAX_UPLOAD_BYTES", "MAX_ARCHIVE_BYTES"}
