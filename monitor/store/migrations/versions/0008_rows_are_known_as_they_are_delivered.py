"""rows are known as they are delivered"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

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
        op.add_column(table, sa.Column("delivery_hash", sa.Text(), nullable=True))
