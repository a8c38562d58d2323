"""Adds the complete answer of an upload."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column, as JSON; none in entries of older versions."""
    op.add_column("history", sa.Column("answer", sa.Text()))
