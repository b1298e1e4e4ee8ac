"""departments have successors"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("department", sa.Column("successors", sa.Text(), nullable=True))
