"""whether a check's codes are listed"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("behavior", sa.Column("implement_list_state", sa.Text(), nullable=True))
