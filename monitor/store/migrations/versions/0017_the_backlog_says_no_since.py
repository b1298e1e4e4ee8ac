"""the backlog's rows don't say since when: their events do"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("backlog") as batch:
        batch.drop_column("since")
