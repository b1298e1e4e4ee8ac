"""events of what was handed over tell who had it before"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("backlog_event", sa.Column("from_heirs", sa.Text(), nullable=True))
    op.execute(
        "UPDATE backlog_event SET from_heirs = (SELECT earlier.heirs FROM backlog_event AS earlier "
        "WHERE (earlier.behavior_id = backlog_event.behavior_id "
        "OR earlier.expected_id = backlog_event.expected_id) AND earlier.at < backlog_event.at "
        "ORDER BY earlier.at DESC, earlier.id DESC LIMIT 1) "
        "WHERE cause = 'succeeded' AND from_reason IS NOT NULL AND to_reason IS NOT NULL"
    )
