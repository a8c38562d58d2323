"""Adds the number of detected faces."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; none where faces were not looked for."""
    op.add_column("history", sa.Column("faces", sa.Integer()))
