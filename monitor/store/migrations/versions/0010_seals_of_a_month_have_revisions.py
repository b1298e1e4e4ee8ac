"""seals of a month have revisions"""

import sqlalchemy as sa
from alembic import op

from monitor.store import types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("seal") as batch:
        batch.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
        batch.drop_constraint(batch.f("pk_seal"), type_="primary")
        batch.create_primary_key(batch.f("pk_seal"), ["month", "revision"])
    with op.batch_alter_table("seal") as batch:
        batch.alter_column("revision", server_default=None)
    op.create_table(
        "reopening",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["month", "revision"],
            ["seal.month", "seal.revision"],
            name=op.f("fk_reopening_month_revision"),
        ),
        sa.PrimaryKeyConstraint("month", "revision", name=op.f("pk_reopening")),
    )
