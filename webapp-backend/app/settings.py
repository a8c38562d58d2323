"""All settings, from environment variables of the same names."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.jobs.archive import ArchiveLimits
from app.logs import LogFormat
from app.serving.resources import available_cpus, available_memory
from detection_model.imaging import Limits

_ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Settings of both roles. Folders default to those of the repository."""

    model_config = SettingsConfigDict(env_ignore_empty=True, protected_namespaces=())

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    models_dir: Path = _ROOT / "detection-model" / "models"
    models_shown_as: str = Field(
        "", description="the models folder's name for people; empty: as in the repository"
    )
    logs_dir: Path = _ROOT / "logs"
    data_dir: Path = Field(_ROOT / "data", description="where test pictures are looked for")
    state_dir: Path = Field(_ROOT / ".state", description="database and cache of prepared models")
    spa_dir: Path = _ROOT / "webapp-frontend" / "dist"
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in state_dir")

    log_format: LogFormat = "text"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    worker: Literal["embedded", "none"] = Field(
        "embedded", description="none: a worker runs elsewhere on the same state and models"
    )
    tensorboard: Literal["embedded", "none"] = "embedded"
    history: bool = Field(True, description="keep verdicts, never pictures, in the store")
    poll_seconds: float = Field(1.0, gt=0)
    threads: int = Field(default_factory=available_cpus, ge=1, description="pictures in work")
    models_memory: int = Field(
        default_factory=lambda: available_memory() // 2, ge=1, description="bytes for all models"
    )
    max_wait: float = Field(1.0, gt=0, description="seconds a picture may wait before 503")
    deadline: float = Field(10.0, gt=0, description="seconds an accepted picture may take")
    upload_seconds: float = Field(60.0, gt=0, description="seconds a picture may take to arrive")
    archive_seconds: float = Field(900.0, gt=0, description="the same of a job's ZIP")

    max_upload_bytes: int = Field(Limits.max_bytes, ge=1)
    max_pixels: int = Field(Limits.max_pixels, ge=1)
    min_side: int = Field(Limits.min_side, ge=1)
    max_archive_bytes: int = Field(200 * 1024**2, ge=1, description="of a job's ZIP")
    max_archive_files: int = Field(10_000, ge=1)
    max_unpacked_bytes: int = Field(2 * 1024**3, ge=1, description="of all files of a ZIP")
    max_jobs: int = Field(20, ge=1, description="jobs that wait or run; more are refused")
    keep_jobs: int = Field(100, ge=1, description="ended jobs that are kept, the newest")
    keep_explanations: int = Field(20, ge=1, description="the same of slow heat maps")
    explain_wait: float = Field(5.0, ge=0, description="seconds a quick heat map is waited for")
    explain_idle: float = Field(
        300.0, ge=0, description="seconds after a heat map that TensorFlow stays in memory"
    )
    report_wait: float = Field(
        20.0, ge=0, description="seconds a report waits for its heat map, then goes without"
    )
    cases_dir: Path | None = Field(
        None, description="where verdicts said to be wrong are kept; default: cases in state_dir"
    )
    max_cases: int = Field(1000, ge=0, description="case files; more are refused")
    max_cases_bytes: int = Field(1024**3, ge=0, description="of all their pictures")
    trust_anchors: Path | None = Field(
        None, description="certificates (PEM) of signers of content credentials to trust"
    )
    cors_origins: Annotated[list[str], NoDecode] = Field([], description="separated by commas")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @property
    def image_limits(self) -> Limits:
        """What pictures are accepted."""
        return Limits(self.max_upload_bytes, self.max_pixels, self.min_side)

    @property
    def models_name(self) -> str:
        """What people call the models folder; tells nothing of the machine."""
        if self.models_shown_as:
            return self.models_shown_as
        inside = self.models_dir.is_relative_to(_ROOT)
        return self.models_dir.relative_to(_ROOT).as_posix() if inside else self.models_dir.name

    @property
    def cache_dir(self) -> Path:
        """Prepared models."""
        return self.state_dir / "cache"

    @property
    def jobs_dir(self) -> Path:
        """Uploads of jobs that have not ended."""
        return self.state_dir / "jobs"

    @property
    def cases_folder(self) -> Path:
        """Case files, and the pictures that may be kept."""
        return self.cases_dir or self.state_dir / "cases"

    @property
    def archive_limits(self) -> ArchiveLimits:
        """What archives are accepted."""
        return ArchiveLimits(self.max_archive_files, self.max_unpacked_bytes)

    @property
    def store_url(self) -> str:
        """Where the store is."""
        return self.database_url or f"sqlite:///{self.state_dir / 'store.sqlite3'}"
