"""units are kept and counted, and what changed is queued for it"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _queues()
    _units()
    _counts()
    op.create_table(
        "look",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("as_of", _INSTANT, nullable=False),
        sa.Column("made_from", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_look")),
    )
    # Until the first look, which makes all anew, the statements hold as of when they were made.
    made_from = '{"basis":"","months":["",""],"sealed":[],"unread":[]}'
    op.execute(
        "INSERT INTO look (number, as_of, made_from) "
        f"SELECT 1, as_of, '{made_from}' FROM statement ORDER BY as_of DESC LIMIT 1"
    )
    with op.batch_alter_table("statement") as batch:
        batch.alter_column("as_of", new_column_name="changed_at")
    # the calendar is written anew by the first look, as everything is
    op.execute("DELETE FROM calendar_day")
    with op.batch_alter_table("calendar_day") as batch:
        batch.add_column(sa.Column("open_month", sa.Text(), nullable=False))
    _indexes()


def _queues() -> None:
    op.create_table(
        "to_draw",
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_to_draw")),
    )
    op.create_table(
        "to_match",
        sa.Column("expected_id", _NUMBER, autoincrement=False, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=True)
            for name in (
                *("department", "action_code", "document_key"),
                *("plan_id", "object_id", "party_name"),
            )
        ),
        sa.PrimaryKeyConstraint("expected_id", name=op.f("pk_to_match")),
    )
    op.create_table(
        "to_count",
        sa.Column("behavior_id", _NUMBER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("behavior_id", name=op.f("pk_to_count")),
    )
    # What landed before is matched once more, whatever was done with it: the first look takes all.
    matched = "expected_id, department, action_code, document_key, plan_id, object_id, party_name"
    op.execute(
        f"INSERT INTO to_match ({matched}) SELECT id, {matched.partition(', ')[2]} FROM expected"
    )
    op.execute("INSERT INTO to_draw SELECT DISTINCT plan_id FROM drawn_object")


def _units() -> None:
    flags = ("due_passed", "duplicate", "exempt", "submitted", "in_time", "accepted", "valid")
    op.create_table(
        "unit",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("behavior_id", _NUMBER, nullable=True),
        sa.Column("expected_id", _NUMBER, nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "department", "month")),
        *(sa.Column(name, sa.Date(), nullable=True) for name in ("basis_on", "due_on")),
        *(
            sa.Column(name, sa.Boolean(), nullable=True)
            for name in (*flags, "linked", "once_returned")
        ),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("filled", "mandatory")),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("charged", sa.Boolean(), nullable=True),
        sa.Column("reason_due_on", sa.Date(), nullable=True),
        sa.Column("reason_due_passed", sa.Boolean(), nullable=True),
        sa.Column("cleared_at", _INSTANT, nullable=True),
        sa.Column("holds_until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_unit")),
    )
    op.create_index(op.f("ix_unit_department_month"), "unit", ["department", "month"])
    for name in ("expected_id", "holds_until"):
        is_there = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_unit_{name}", "unit", [name], postgresql_where=is_there, sqlite_where=is_there
        )


def _counts() -> None:
    keyed = {
        "unit_count": ("department", "month"),
        "item_act": ("department", "month", "item_code"),
        "expected_kind": ("department", "kind"),
        "fed": ("source", "department", "cell"),
    }
    for table, key in keyed.items():
        document = [sa.Column("document", sa.Text(), nullable=False)]
        op.create_table(
            table,
            *(sa.Column(name, sa.Text(), nullable=False) for name in key),
            *(document if table == "unit_count" else []),
            sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
        )
    op.create_table(
        "counted_by",
        sa.Column("id", _NUMBER, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("feed", "department", "code", "content")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counted_by")),
    )
    op.create_index(op.f("ix_counted_by_feed_department"), "counted_by", ["feed", "department"])


def _indexes() -> None:
    of_plan = sa.text("plan_id IS NOT NULL")
    op.create_index(
        "ix_behavior_plan_id",
        "behavior",
        ["plan_id"],
        postgresql_where=of_plan,
        sqlite_where=of_plan,
    )
    op.create_index(op.f("ix_expected_plan_id"), "expected", ["plan_id"])
    op.create_index(op.f("ix_expected_department_kind"), "expected", ["department", "kind"])
    for table in ("statement", "tally"):
        op.create_index(op.f(f"ix_{table}_month"), table, ["month"])
    for table in ("item", "implement_list"):
        op.create_index(op.f(f"ix_{table}_department"), table, ["department"])
