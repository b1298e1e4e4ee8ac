"""records are found by their department, their check and their document where they have one"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_INDEXES = (("department", "month"), ("check_action_code",), ("document_key",))


def upgrade() -> None:
    for columns in _INDEXES:
        name = f"ix_behavior_{'_'.join(columns)}"
        is_there = sa.text(f"{columns[0]} IS NOT NULL")
        op.drop_index(name, table_name="behavior")
        op.create_index(name, "behavior", columns, postgresql_where=is_there, sqlite_where=is_there)
