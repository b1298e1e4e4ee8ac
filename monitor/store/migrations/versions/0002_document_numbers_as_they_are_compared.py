"""document numbers as they are compared, with what expected rows tell of department and fine"""

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ROWS = 5_000
_OPENING = "〔【〈《「『〖(<{"
_CLOSING = "〕】〉》」』〗)>}"
_BRACKETS = str.maketrans(_OPENING + _CLOSING, "[" * len(_OPENING) + "]" * len(_CLOSING))


def upgrade() -> None:
    with op.batch_alter_table("behavior") as batch:
        batch.add_column(sa.Column("document_key", sa.Text(), nullable=True))
        batch.drop_index(batch.f("ix_behavior_document_no"))
    with op.batch_alter_table("expected") as batch:
        batch.add_column(sa.Column("department_name", sa.Text(), nullable=True))
        batch.add_column(sa.Column("document_key", sa.Text(), nullable=True))
        batch.add_column(sa.Column("fine_yuan", sa.Numeric(18, 2), nullable=True))
    with op.batch_alter_table("plan") as batch:
        batch.add_column(sa.Column("department_name", sa.Text(), nullable=True))
    for name in ("behavior", "expected"):
        _fill_keys(name)
        op.create_index(op.f(f"ix_{name}_document_key"), name, ["document_key"])


def _fill_keys(name: str) -> None:
    """Give the rows that are there already the key that landing gives new ones."""
    table = sa.table(name, sa.column("id"), sa.column("document_no"), sa.column("document_key"))
    numbered = sa.select(table.c.id, table.c.document_no).where(table.c.document_no.is_not(None))
    keyed = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("_id"))
        .values(document_key=sa.bindparam("_key"))
    )
    connection = op.get_bind()
    last = 0
    while rows := connection.execute(
        numbered.where(table.c.id > last).order_by(table.c.id).limit(_ROWS)
    ).all():
        connection.execute(keyed, [{"_id": row.id, "_key": _key(row.document_no)} for row in rows])
        last = rows[-1].id


def _key(number: str) -> str | None:
    plain = unicodedata.normalize("NFKC", number).translate(_BRACKETS)
    return re.sub(r"\s", "", plain).upper() or None
