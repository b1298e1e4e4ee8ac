"""an expected row has an owner by the day"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("expected", sa.Column("owner", sa.Text(), nullable=True))
    op.create_index("ix_expected_owner", "expected", ["owner"])
    # what belonged to nobody may have an owner by its item's entry on its day
    keys = "action_code, check_action_code"
    op.execute(
        f"INSERT INTO to_judge (behavior_id, {keys}) SELECT id, {keys} FROM behavior "
        "WHERE department = 'unknown' AND id NOT IN (SELECT behavior_id FROM to_judge)"
    )
    keys = "department, action_code, document_key, plan_id, object_id, party_name"
    op.execute(
        f"INSERT INTO to_match (expected_id, {keys}) SELECT id, {keys} FROM expected "
        "WHERE department IS NULL AND id NOT IN (SELECT expected_id FROM to_match)"
    )
