"""Adds what the file says of its origin."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column, as JSON; none in entries of before."""
    op.add_column("history", sa.Column("provenance", sa.Text()))
