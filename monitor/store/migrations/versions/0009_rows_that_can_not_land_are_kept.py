"""rows that can't land are kept apart"""

import sqlalchemy as sa
from alembic import op

from monitor.store import types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unlanded",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lacking", sa.Text(), nullable=False),
        sa.Column("raw", types.Document(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_at", types.Instant(timezone=True), nullable=False),
        sa.Column("last_seen_at", types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "record_id", name=op.f("pk_unlanded")),
    )
