"""Tables of the database, created by Alembic's migrations."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Float, ForeignKey, Integer, String, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

# Of a job, in characters.
MESSAGE_LENGTH = 500


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC with its zone, which SQLite does not store."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """To UTC."""
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """From UTC."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def _now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """All tables."""


class ModelOverride(Base):
    """Override of a model, by its name."""

    __tablename__ = "model_overrides"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    threshold: Mapped[float | None] = mapped_column(Float)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=_now, onupdate=_now)


class ServiceSetting(Base):
    """A setting of the whole service: `active_model`."""

    __tablename__ = "service_settings"

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class HistoryRow(Base):
    """One judged upload; `owner` is reserved for user accounts."""

    __tablename__ = "history"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    owner: Mapped[str | None] = mapped_column(String(200), index=True)
    created: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    file_name: Mapped[str | None] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size_bytes: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    format: Mapped[str] = mapped_column(String(20))
    faces: Mapped[int | None]
    provenance: Mapped[str | None] = mapped_column(Text)
    # Read only where an entry is opened.
    answer: Mapped[str | None] = mapped_column(Text, deferred=True)
    verdicts: Mapped[list["VerdictRow"]] = relationship(
        order_by="VerdictRow.id", passive_deletes=True
    )


class VerdictRow(Base):
    """One model's verdict."""

    __tablename__ = "history_verdicts"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("history.id", ondelete="CASCADE"), index=True)
    model: Mapped[str] = mapped_column(String(200), index=True)
    model_sha256: Mapped[str] = mapped_column(String(64))
    prediction: Mapped[str] = mapped_column(String(20))
    verdict: Mapped[str] = mapped_column(String(20))
    fake: Mapped[float]
    logit: Mapped[float]
    threshold: Mapped[float]
    threshold_source: Mapped[str] = mapped_column(String(20))


class JobRow(Base):
    """Long work; `owner` is reserved for user accounts."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str | None] = mapped_column(String(200), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20), index=True)
    file: Mapped[str | None] = mapped_column(String(200))
    parameters: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=_now, index=True)
    started: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished: Mapped[datetime | None] = mapped_column(UtcDateTime)
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    message: Mapped[str | None] = mapped_column(String(MESSAGE_LENGTH))
    archive: Mapped[str | None] = mapped_column(Text)
    # Who does it, a count that goes up while somebody does, and starts since the last progress.
    runner: Mapped[str | None] = mapped_column(String(32))
    beat: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)


class JobItemRow(Base):
    """A job's result for one file, as JSON."""

    __tablename__ = "job_items"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    answer: Mapped[str] = mapped_column(Text)
