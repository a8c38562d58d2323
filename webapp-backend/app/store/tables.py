"""The store's tables; Alembic's migrations make them."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Float, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """All tables."""


class ModelOverride(Base):
    """What was set for a model through the API, by its name."""

    __tablename__ = "model_overrides"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    threshold: Mapped[float | None] = mapped_column(Float)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True),
        default=lambda: datetime.now(UTC),
        onupdate=lambda: datetime.now(UTC),
    )


class ServiceSetting(Base):
    """A setting of the whole service: `active_model`."""

    __tablename__ = "service_settings"

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))
