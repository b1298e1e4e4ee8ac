"""What sources deliver beside the behaviours: the directory, the catalogue, what is expected."""

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Date,
    FromClause,
    Index,
    Numeric,
    Table,
    Text,
    func,
)

from monitor.store.tables.columns import carried_columns, metadata
from monitor.store.types import Id, Instant

department = Table(
    "department",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", Text, nullable=False),  # credit code
    Column("name", Text, nullable=False),
    Column("short_name", Text),
    Column("level", Text),  # district or township
    Column("local_code", Text),
    Column("area_code", Text),
    Column("in_scope_from", Date),
    Column("in_scope_to", Date),
    Column("successors", Text),  # codes or names of those who take over after that, joined by 、
    *carried_columns(),
    Index(None, "code"),
)

item = Table(
    "item",
    metadata,
    Column("id", Id, primary_key=True),
    Column("item_code", Text, nullable=False),  # 14 digits
    Column("main_code", Text),  # the main item (主项) that this sub-item belongs to
    Column("item_name", Text),
    Column("department", Text),  # the owner's code
    Column("item_state", Text),  # 01 in use, 02 cancelled, 03 paused, 99 other
    Column("in_use_from", Date),
    Column("in_use_to", Date),
    Column("claimed", Boolean),
    *carried_columns(),
    Index(None, "item_code"),
    Index(None, "department"),
)

implement_list = Table(
    "implement_list",
    metadata,
    Column("id", Id, primary_key=True),
    Column("implement_list_code", Text, nullable=False),
    Column("item_code", Text),
    Column("department", Text),
    Column("published", Boolean),
    *carried_columns(),
    Index(None, "implement_list_code"),
    Index(None, "department"),
)

expected = Table(
    "expected",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("department", Text),
    Column("department_name", Text),
    Column("owner", Text),  # whose it is where `department` is no code of the directory
    Column("action_code", Text),
    Column("document_no", Text),
    Column("document_key", Text),  # the document number as it is compared
    Column("plan_id", Text),
    Column("object_id", Text),
    Column("item_code", Text),
    Column("party_name", Text),
    Column("fine_yuan", Numeric(18, 2)),
    Column("due_basis_on", Date),
    Column("month", Text),  # belonging month
    Column("behavior_id", Id),  # the record that it is matched with
    *carried_columns(),
    Index(None, "department", "month"),
    Index(None, "kind", "action_code"),
    Index(None, "document_key"),
    Index(None, "plan_id"),
    Index(None, "behavior_id"),
    Index(None, "department", "kind"),
    Index(None, "owner"),
)


def asked(row: FromClause) -> ColumnElement[str]:
    """The department that an expected row asks, as far as anybody knows."""
    return func.coalesce(row.c.owner, row.c.department)


plan = Table(
    "plan",
    metadata,
    Column("id", Id, primary_key=True),
    Column("plan_id", Text, nullable=False),
    Column("plan_name", Text),
    Column("year", Text),
    Column("ends_on", Date),
    Column("department", Text),
    Column("department_name", Text),
    *carried_columns(),
    Index(None, "plan_id"),
)

drawn_object = Table(
    "drawn_object",
    metadata,
    Column("id", Id, primary_key=True),
    Column("plan_id", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("object_name", Text),
    Column("object_code", Text),
    *carried_columns(),
    Index(None, "plan_id", "object_id"),
)

zero_report = Table(
    "zero_report",
    metadata,
    Column("id", Id, primary_key=True),
    Column("department", Text, nullable=False),
    Column("month", Text, nullable=False),
    Column("filed_at", Instant),
    Column("filed_by", Text),
    *carried_columns(),
    Index(None, "department", "month"),
)

exemption = Table(
    "exemption",
    metadata,
    Column("id", Id, primary_key=True),
    Column("scope", Text, nullable=False),  # department, item or unit
    Column("department", Text),
    Column("item_code", Text),
    Column("action_code", Text),
    Column("reason", Text),
    Column("approver", Text),
    Column("begins_on", Date),
    Column("ends_on", Date),
    *carried_columns(),
    Index(None, "scope", "department"),
)
