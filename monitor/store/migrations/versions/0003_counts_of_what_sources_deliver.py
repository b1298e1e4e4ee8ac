"""counts of what sources deliver, begun with what the runs so far add up to"""

from collections import defaultdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from monitor.store import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    source_count = op.create_table(
        "source_count",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_at", types.Instant(timezone=True), nullable=False),
        sa.Column("last_at", types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "what", "name", name=op.f("pk_source_count")),
    )
    counted = _counted(op.get_bind())
    if counted:
        op.bulk_insert(source_count, counted)


def _counted(connection: sa.Connection) -> list[dict[str, Any]]:
    """The rows of `source_count` that the pulls which have ended make."""
    rows = ("read", "landed", "unchanged", "malformed")
    run = sa.table(
        "run",
        sa.column("id"),
        sa.column("job"),
        sa.column("source", sa.Text),
        sa.column("outcome", sa.Text),
        sa.column("finished_at", types.Instant),
        sa.column("details", types.Document),
        *(sa.column(f"rows_{name}", sa.Integer) for name in rows),
    )
    ended = sa.select(run).where(run.c.job == "pull", run.c.finished_at.is_not(None))
    counts: dict[tuple[str, str, str], int] = defaultdict(int)
    times: dict[tuple[str, str, str], list[datetime]] = defaultdict(list)
    for row in connection.execute(ended.order_by(run.c.id)):
        details = row.details or {}
        found = {("pulls", row.outcome): 1}
        found |= {("rows", name): getattr(row, f"rows_{name}") for name in rows}
        found |= {("malformed", name): n for name, n in details.get("malformed", {}).items()}
        found |= {("column", name): n for name, n in details.get("unknown_columns", {}).items()}
        for (what, name), count in found.items():
            if count:
                counts[row.source, what, name] += count
                times[row.source, what, name].append(row.finished_at)
    return [
        {
            "source": source,
            "what": what,
            "name": name,
            "count": count,
            "first_at": min(times[source, what, name]),
            "last_at": max(times[source, what, name]),
        }
        for (source, what, name), count in counts.items()
    ]
