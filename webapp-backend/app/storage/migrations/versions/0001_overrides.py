"""Thresholds and the active model."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "model_overrides",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("threshold", sa.Float()),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "service_settings",
        sa.Column("key", sa.String(100), primary_key=True),
        sa.Column("value", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("service_settings")
    op.drop_table("model_overrides")
