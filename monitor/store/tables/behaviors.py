"""The behaviours: the records of the four kinds, with their item codes and statuses."""

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Date,
    FromClause,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    or_,
)
from sqlalchemy.types import TypeEngine

from monitor import standard
from monitor.store.tables.columns import carried_columns, metadata
from monitor.store.types import Id, Instant
from monitor.words import Kind

_TYPES: dict[str, TypeEngine[Any]] = {
    "text": Text(),
    "code": Text(),
    "list": Text(),
    "date": Date(),
    "instant": Instant(),
    "boolean": Boolean(),
    "number": Numeric(18, 2),
}


def _field_columns() -> list[Column[Any]]:
    """The columns of the four kinds' fields, each once."""
    fields = {field.column: field for kind in Kind for field in standard.fields(kind.value)}
    return [Column(name, _TYPES[field.type]) for name, field in fields.items()]


def borrows_day(record: FromClause) -> ColumnElement[bool]:
    """Whether a record's own day is missing or can't be: a matched expected row may lend it one."""
    return or_(record.c.occurred_on.is_(None), record.c.occurred_on > record.c.first_seen_on)


behavior = Table(
    "behavior",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    *_field_columns(),
    # where it stands in the platform
    Column("status", Text, nullable=False),  # draft, pending, returned, accepted, deleted
    Column("status_at", Instant),
    Column("submitted_on", Date),  # day of submitted_at
    Column("submitted_by_day", Boolean),  # the source gives a day only
    Column("first_submitted_seen_at", Instant),  # when we first saw it submitted
    Column("cd_source", Text),
    Column("record_id_from", Text, nullable=False),  # delivered, key or hash
    # facts of the row itself, made while landing
    Column("party_id_fault", Text),
    Column("implement_list_fault", Text),
    Column("inspector_count", Integer),
    Column("item_code_count", Integer),
    Column("document_key", Text),  # the document number as it is compared
    Column("first_seen_on", Date, nullable=False),
    # facts that need other rows, made before judging
    Column("department", Text),
    Column("month", Text),  # belonging month
    Column("item_state_on_day", Text),  # unknown, not_in_use, in_use
    Column("implement_list_state", Text),  # listed, not_listed; NULL where nobody can say
    Column("link_state", Text),
    Column("duplicate_of", Id),
    Column("submission_unproven", Boolean),
    *carried_columns(),
    Index(None, "kind", "action_code"),
)


def _index(name: str, *columns: str, of: ColumnElement[bool]) -> None:
    """Find the records `of` which something is true: an entry for each of the others would only
    cost landing time."""
    found = (behavior.c[column] for column in columns)
    Index(f"ix_behavior_{name}", *found, postgresql_where=of, sqlite_where=of)


_index("department_month", "department", "month", of=behavior.c.department.is_not(None))
for _key in ("check_action_code", "document_key", "plan_id"):
    _index(_key, _key, of=behavior.c[_key].is_not(None))
_index("borrows_day", "id", of=borrows_day(behavior))

# No foreign keys in the next two: landing writes their rows in the transaction that writes the
# record, which is never deleted, and the store's looking each up again costs more than the record.
behavior_item = Table(
    "behavior_item",
    metadata,
    Column("behavior_id", Id, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True),
    Column("item_code", Text, nullable=False),
    Index(None, "item_code"),
)

behavior_status = Table(
    "behavior_status",
    metadata,
    Column("id", Id, primary_key=True),
    Column("behavior_id", Id, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_at", Instant),
    Column("submitted_at", Instant),
    Column("seen_at", Instant, nullable=False),
    Index(None, "behavior_id", "id"),
)
