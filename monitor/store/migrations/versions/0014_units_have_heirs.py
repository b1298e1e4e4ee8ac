"""units have heirs, and what moved out after a close is told apart"""

import sqlalchemy as sa
from alembic import op

from monitor.store import types

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("unit", "backlog"):
        op.add_column(table, sa.Column("heirs", sa.Text(), nullable=True))
    is_there = sa.text("heirs IS NOT NULL")
    op.create_index(
        "ix_unit_heirs", "unit", ["heirs"], postgresql_where=is_there, sqlite_where=is_there
    )
    op.add_column("statement", sa.Column("moved_out_late", types.Document(), nullable=True))
    op.execute("UPDATE statement SET moved_out_late = '{}'")
    with op.batch_alter_table("statement") as batch:
        batch.alter_column("moved_out_late", nullable=False)
