"""changes of statements are kept, and what made a unit leave the backlog"""

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

from monitor.store.types import Document

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("look") as batch:
        batch.alter_column("made_from", existing_type=sa.Text(), nullable=True)
        batch.add_column(sa.Column("at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE look SET at = as_of")
    with op.batch_alter_table("look") as batch:
        batch.alter_column("at", existing_type=sa.DateTime(timezone=True), nullable=False)
    op.create_index(op.f("ix_look_at"), "look", ["at"])
    op.create_table(
        "statement_change",
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("look", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("department", "month", "look", name=op.f("pk_statement_change")),
    )
    op.create_index(op.f("ix_statement_change_month_look"), "statement_change", ["month", "look"])
    with op.batch_alter_table("backlog_event") as batch:
        for name in ("by_behavior_id", "by_exemption_id"):
            batch.add_column(sa.Column(name, _NUMBER, nullable=True))
    with op.batch_alter_table("statement") as batch:
        batch.add_column(sa.Column("reasons", sa.Text(), nullable=False, server_default="{}"))
    _count_reasons()
    with op.batch_alter_table("statement") as batch:
        batch.alter_column("reasons", existing_type=sa.Text(), server_default=None)


def _count_reasons() -> None:
    """Give each statement its charged units by reason, as the tallies have them."""
    tally = sa.table(
        "tally", *(sa.column(name) for name in ("department", "month", "reason", "count"))
    )
    statement = sa.table(
        "statement",
        *(sa.column(name) for name in ("department", "month", "pending")),
        sa.column("reasons", Document()),
    )
    connection = op.get_bind()
    reasons: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for department, month, reason, count in connection.execute(sa.select(tally)):
        for code in (department, "district"):
            reasons[code, month][reason] += count
    places = (statement.c.department, statement.c.month)
    rows = []
    for code, month, pending in connection.execute(sa.select(*places, statement.c.pending)):
        found = reasons[code, month]
        found["pending"] -= pending
        charged = {reason: count for reason, count in found.items() if count}
        rows.append({"of": code, "in": month, "counted": charged})
    if rows:
        here = (places[0] == sa.bindparam("of"), places[1] == sa.bindparam("in"))
        counted = sa.bindparam("counted", type_=Document())
        connection.execute(sa.update(statement).where(*here).values(reasons=counted), rows)
