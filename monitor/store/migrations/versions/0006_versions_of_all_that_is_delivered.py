"""versions of all that is delivered, and of deletions"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FEEDS = (
    "behavior",
    "department",
    "drawn_object",
    "exemption",
    "expected",
    "implement_list",
    "item",
    "plan",
    "zero_report",
)


def upgrade() -> None:
    for table in _FEEDS:
        for prefix in ("", "withdrawn_"):
            if (table, prefix) == ("behavior", ""):
                continue
            op.add_column(table, sa.Column(f"{prefix}batch", sa.Text(), nullable=True))
            op.add_column(
                table, sa.Column(f"{prefix}cd_time", sa.DateTime(timezone=True), nullable=True)
            )
            op.add_column(table, sa.Column(f"{prefix}sequence", _NUMBER, nullable=True))
    # what a deletion was, it was of the version that its row had
    op.execute(
        "UPDATE behavior SET withdrawn_batch = batch, withdrawn_cd_time = cd_time, "
        "withdrawn_sequence = sequence WHERE deleted_at IS NOT NULL"
    )
    for table in ("behavior_item", "behavior_status"):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(batch.f(f"fk_{table}_behavior_id"), type_="foreignkey")
