"""All settings, from environment variables of the same names."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.core.logs import LogFormat
from app.core.resources import available_cpus, available_memory
from detection_model.imaging import Limits

_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class ArchiveLimits:
    """Limits on an archive: number of files, and their unpacked size in bytes."""

    files: int
    bytes: int


class Settings(BaseSettings):
    """Settings of both roles. Folders default to those of the repository."""

    model_config = SettingsConfigDict(env_ignore_empty=True, protected_namespaces=())

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0: any free port")
    models_dir: Path = Field(
        _ROOT / "detection-model" / "models", description="folder of model files"
    )
    models_shown_as: str = Field(
        "", description="name of the models folder in messages; empty: its path in the repository"
    )
    logs_dir: Path = Field(_ROOT / "logs", description="folder of training runs")
    data_dir: Path = Field(
        _ROOT / "data", description="folder of data sets, searched for test pictures"
    )
    state_dir: Path = Field(
        _ROOT / ".state", description="folder of the database, converted models and jobs"
    )
    spa_dir: Path = Field(
        _ROOT / "webapp-frontend" / "dist", description="folder of the built page"
    )
    database_url: str = Field(
        "",
        description="SQLAlchemy URL, such as `postgresql+psycopg://user:password@host/database`; "
        "empty: SQLite in `STATE_DIR`",
    )

    log_format: LogFormat = Field("text", description="`text` or `json`")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="lowest level that is logged"
    )
    worker: Literal["embedded", "none"] = Field(
        "embedded", description="`none`: a worker runs elsewhere on the same state and models"
    )
    tensorboard: Literal["embedded", "none"] = Field(
        "embedded", description="`none`: TensorBoard runs elsewhere, or not at all"
    )
    history: bool = Field(True, description="keep verdicts (never pictures) in the history")
    poll_seconds: float = Field(
        1.0, gt=0, description="seconds between two looks at the models folder and the queue"
    )
    threads: int = Field(
        default_factory=available_cpus,
        ge=1,
        description="pictures processed at the same time; default: number of CPUs",
    )
    models_memory: int = Field(
        default_factory=lambda: available_memory() // 2,
        ge=1,
        description="bytes for all loaded models; default: half of the memory",
    )
    max_wait: float = Field(
        1.0, gt=0, description="seconds that a picture may wait before it is refused with 503"
    )
    deadline: float = Field(10.0, gt=0, description="seconds that an accepted picture may take")
    upload_seconds: float = Field(
        60.0, gt=0, description="seconds that the upload of a picture may take"
    )
    archive_seconds: float = Field(
        900.0, gt=0, description="seconds that the upload of a ZIP archive may take"
    )

    max_upload_bytes: int = Field(
        Limits.max_bytes, ge=1, description="largest picture file in bytes"
    )
    max_pixels: int = Field(
        Limits.max_pixels, ge=1, description="largest picture in pixels, width times height"
    )
    min_side: int = Field(Limits.min_side, ge=1, description="shortest side of a picture in pixels")
    max_archive_bytes: int = Field(
        200 * 1024**2, ge=1, description="largest ZIP archive of a job in bytes"
    )
    max_archive_files: int = Field(10_000, ge=1, description="most files in a ZIP archive")
    max_unpacked_bytes: int = Field(
        2 * 1024**3, ge=1, description="unpacked size of all files of a ZIP archive in bytes"
    )
    max_jobs: int = Field(20, ge=1, description="jobs that wait or run; further ones are refused")
    keep_jobs: int = Field(100, ge=1, description="number of ended jobs that are kept")
    keep_explanations: int = Field(20, ge=1, description="number of slow heat maps that are kept")
    explain_wait: float = Field(
        5.0, ge=0, description="seconds that a request waits for a quick heat map"
    )
    explain_idle: float = Field(
        300.0,
        ge=0,
        description="seconds that TensorFlow stays loaded after a start and after a heat map",
    )
    report_wait: float = Field(
        20.0, ge=0, description="seconds that a report waits for its heat map"
    )
    cases_dir: Path | None = Field(
        None, description="folder of case files; default: `cases` in `STATE_DIR`"
    )
    max_cases: int = Field(1000, ge=0, description="number of case files; more are refused")
    max_cases_bytes: int = Field(
        1024**3, ge=0, description="size of all pictures of case files in bytes"
    )
    trust_anchors: Path | None = Field(
        None, description="PEM file of certificates whose content credentials are trusted"
    )
    cors_origins: Annotated[list[str], NoDecode] = Field(
        [], description="origins of other sites that may call the API, separated by commas"
    )

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @property
    def image_limits(self) -> Limits:
        """Limits on pictures."""
        return Limits(self.max_upload_bytes, self.max_pixels, self.min_side)

    @property
    def models_name(self) -> str:
        """Name of the models folder in messages, without the machine's path."""
        if self.models_shown_as:
            return self.models_shown_as
        inside = self.models_dir.is_relative_to(_ROOT)
        return self.models_dir.relative_to(_ROOT).as_posix() if inside else self.models_dir.name

    @property
    def cache_dir(self) -> Path:
        """Folder of converted models."""
        return self.state_dir / "cache"

    @property
    def jobs_dir(self) -> Path:
        """Folder of the uploads of active jobs."""
        return self.state_dir / "jobs"

    @property
    def cases_folder(self) -> Path:
        """Case files, and the pictures that may be kept."""
        return self.cases_dir or self.state_dir / "cases"

    @property
    def archive_limits(self) -> ArchiveLimits:
        """Limits on archives."""
        return ArchiveLimits(self.max_archive_files, self.max_unpacked_bytes)

    @property
    def store_url(self) -> str:
        """URL of the database."""
        return self.database_url or f"sqlite:///{self.state_dir / 'store.sqlite3'}"


def settings_table() -> str:
    """A Markdown page with the name, default and meaning of each setting."""
    rows = [
        f"| `{name.upper()}` | {_default(name)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "Environment variables of the service. `docker compose` passes those of a shell or an",
            "`.env` file to the containers, except addresses and folders, which are fixed there.",
            "`make settings` writes this page from the settings class.",
            "",
            "| variable | default | meaning |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _default(name: str) -> str:
    field = Settings.model_fields[name]
    if field.default_factory is not None or field.default in (None, "", []):
        return ""
    value = field.default
    if isinstance(value, Path):
        value = value.relative_to(_ROOT).as_posix()
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
