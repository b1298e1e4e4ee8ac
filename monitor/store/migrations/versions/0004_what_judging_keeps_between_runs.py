"""what judging keeps between runs"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "judged_by",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judged_by")),
    )
    # the hash of the whole catalogue makes way for the above
    cursor = sa.table("cursor", sa.column("source"), sa.column("key"))
    op.execute(sa.delete(cursor).where(cursor.c.source == "ledger", cursor.c.key == "catalogue"))
    borrows_day = sa.text("occurred_on IS NULL OR occurred_on > first_seen_on")
    op.create_index(
        "ix_behavior_borrows_day",
        "behavior",
        ["id"],
        postgresql_where=borrows_day,
        sqlite_where=borrows_day,
    )
    with op.batch_alter_table("finding") as batch:
        batch.drop_constraint(batch.f("fk_finding_behavior_id"), type_="foreignkey")
        batch.drop_constraint(batch.f("fk_finding_rule"), type_="foreignkey")
    with op.batch_alter_table("to_judge") as batch:
        batch.add_column(sa.Column("action_code", sa.Text(), nullable=True))
        batch.add_column(sa.Column("check_action_code", sa.Text(), nullable=True))
