"""Adds counts of an archive's files."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column, as JSON; none in jobs of older versions and in heat maps."""
    op.add_column("jobs", sa.Column("archive", sa.Text()))
