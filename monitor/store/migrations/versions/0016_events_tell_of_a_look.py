"""events of the backlog tell of which look and unit they are, and who answers for it"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("backlog_event", sa.Column("look", sa.Integer(), nullable=True))
    op.add_column("backlog_event", sa.Column("heirs", sa.Text(), nullable=True))
    op.add_column("backlog_event", sa.Column("was_number", number, nullable=True))
    op.execute(
        "UPDATE backlog_event SET look = coalesce("
        "(SELECT max(number) FROM look WHERE look.at = backlog_event.at), 0)"
    )
    op.execute(
        "UPDATE backlog_event SET was_number = -expected_id "
        "WHERE from_reason = 'unentered' AND to_reason IS NOT NULL AND behavior_id IS NOT NULL"
    )
    op.execute(
        "UPDATE backlog_event SET heirs = (SELECT heirs FROM unit "
        "WHERE number = coalesce(behavior_id, -expected_id) "
        "AND unit.department = backlog_event.department)"
    )
    with op.batch_alter_table("backlog_event") as batch:
        batch.alter_column("look", existing_type=sa.Integer(), nullable=False)
    op.create_index("ix_backlog_event_at", "backlog_event", ["at"])
    is_there = sa.text("heirs IS NOT NULL")
    op.create_index(
        "ix_backlog_event_heirs",
        "backlog_event",
        ["heirs"],
        postgresql_where=is_there,
        sqlite_where=is_there,
    )
