"""The ledger's units, what was counted from them, and what waits for that."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, Table, Text

from monitor.store.tables.columns import metadata
from monitor.store.types import Document, Id, Instant

calendar_day = Table(
    "calendar_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("month", Text, nullable=False),
    Column("check_due", Date, nullable=False),
    Column("punish_due", Date, nullable=False),
    Column("force_due", Date, nullable=False),
    Column("other_due", Date, nullable=False),
    Column("return_due", Date, nullable=False),
    Column("audit_due", Date, nullable=False),
    Column("close_on", Date, nullable=False),  # close of the day's month
    Column("open_month", Text, nullable=False),  # the first month that is not closed before the day
    Column("published", Boolean, nullable=False),
)

to_draw = Table(
    "to_draw",
    metadata,
    # a plan that changed, or an object drawn for it: what it asks for is looked at again
    Column("plan_id", Text, primary_key=True),
)

to_match = Table(
    "to_match",
    metadata,
    # an expected row that changed since the last statements: to be matched and counted again
    Column("expected_id", Id, primary_key=True, autoincrement=False),
    # as it was when it was counted; NULL where it never was
    Column("department", Text),
    Column("action_code", Text),
    Column("document_key", Text),
    Column("plan_id", Text),
    Column("object_id", Text),
    Column("party_name", Text),
)

to_count = Table(
    "to_count",
    metadata,
    # a record that was judged since the last statements: to be counted again
    Column("behavior_id", Id, primary_key=True, autoincrement=False),
)

unit = Table(
    "unit",
    metadata,
    # the record's id, else the expected row's with a minus sign
    Column("number", Id, primary_key=True, autoincrement=False),
    Column("behavior_id", Id),
    Column("expected_id", Id),
    Column("kind", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("month", Text, nullable=False),  # belonging month
    # who answers for it in later statements, where that is another one: 2022-07:CODE;2023-01:CODE
    Column("heirs", Text),
    Column("basis_on", Date),  # the day that month and limits count from
    Column("due_on", Date),  # last day for its entry
    Column("due_passed", Boolean),
    Column("duplicate", Boolean),
    Column("exempt", Boolean),
    Column("submitted", Boolean),
    Column("in_time", Boolean),
    Column("accepted", Boolean),
    Column("valid", Boolean),
    Column("linked", Boolean),
    Column("once_returned", Boolean),
    Column("filled", Integer),  # mandatory cells that hold something
    Column("mandatory", Integer),
    Column("reason", Text),  # NULL: cleared
    Column("charged", Boolean),
    Column("reason_due_on", Date),
    Column("reason_due_passed", Boolean),
    Column("cleared_at", Instant),
    Column("holds_until", Date),  # the last day on which all this holds; NULL: until it changes
    Index(None, "department", "month"),
)

for _name in ("expected_id", "heirs", "holds_until"):
    _is_there = unit.c[_name].is_not(None)
    Index(f"ix_unit_{_name}", unit.c[_name], postgresql_where=_is_there, sqlite_where=_is_there)

unit_count = Table(
    "unit_count",
    metadata,
    Column("department", Text, primary_key=True),
    Column("month", Text, primary_key=True),  # belonging month
    Column("document", Document, nullable=False),  # the units counted by kind and reason
)

item_act = Table(
    "item_act",
    metadata,
    # the department has a valid record of the item in the month
    Column("department", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    Column("item_code", Text, primary_key=True),
)

expected_kind = Table(
    "expected_kind",
    metadata,
    # some expected row is about the department and kind
    Column("department", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
)

fed = Table(
    "fed",
    metadata,
    # the source delivered something of the department for the cell: check, expected:punish …
    Column("source", Text, primary_key=True),
    Column("department", Text, primary_key=True),  # empty: it named none
    Column("cell", Text, primary_key=True),
)

counted_by = Table(
    "counted_by",
    metadata,
    Column("id", Id, primary_key=True),
    Column("feed", Text, nullable=False),
    Column("department", Text, nullable=False),  # empty: of none
    Column("code", Text, nullable=False),
    Column("content", Text, nullable=False),  # what the statements took from the entry
    Index(None, "feed", "department"),
)
