"""The tables (docs/develop.md says which part writes which).

Instants are UTC, days are dates in the office's zone, months are text (2022-01), money is yuan.
Codes are text. A department is named by its credit code, or `unknown`.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    FromClause,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    func,
    or_,
)
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from monitor import standard
from monitor.store.types import Document, Id, Instant
from monitor.words import Kind

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

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


def _version_columns(prefix: str) -> list[Column[Any]]:
    return [
        Column(f"{prefix}batch", Text),
        Column(f"{prefix}cd_time", Instant),
        Column(f"{prefix}sequence", Id),
    ]


def _delivery_columns() -> list[SchemaItem]:
    """What every row that a source delivers carries: whence it came and how it read."""
    return [
        Column("source", Text, nullable=False),
        Column("record_id", Text, nullable=False),
        Column("content_hash", Text, nullable=False),
        Column("delivery_hash", Text),  # of the row as it came; one that has it again says the same
        Column("malformed", Text),  # the columns that could not be read, joined by 、
        Column("raw", Document),  # the delivered row, where anything of it is not in a column
        Column("first_seen_at", Instant, nullable=False),
        Column("deleted_at", Instant),  # tombstone: the source withdrew the row
        # the version of what the row says, and of the deletion where it is gone
        *_version_columns(""),
        *_version_columns("withdrawn_"),
        UniqueConstraint("source", "record_id"),
    ]


def delivery_columns() -> frozenset[str]:
    """The names of the columns that say whence a row came, and of its number."""
    delivered = (each.name for each in _delivery_columns() if isinstance(each, Column))
    return frozenset({"id", *delivered})


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
    *_delivery_columns(),
    Index(None, "code"),
)

contact = Table(
    "contact",
    metadata,
    Column("id", Id, primary_key=True),
    Column("department", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("destination", Text, nullable=False),
    UniqueConstraint("department", "audience", "destination"),
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
    *_delivery_columns(),
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
    *_delivery_columns(),
    Index(None, "implement_list_code"),
    Index(None, "department"),
)


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
    *_delivery_columns(),
    Index(None, "department", "month"),
    Index(None, "kind", "action_code"),
    Index(None, "check_action_code"),
    Index(None, "document_key"),
)

_of_plan = behavior.c.plan_id.is_not(None)
Index(
    "ix_behavior_plan_id",
    behavior.c.plan_id,
    postgresql_where=_of_plan,
    sqlite_where=_of_plan,
)

_borrows_day = borrows_day(behavior)
Index(
    "ix_behavior_borrows_day",
    behavior.c.id,
    postgresql_where=_borrows_day,
    sqlite_where=_borrows_day,
)

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
    *_delivery_columns(),
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
    *_delivery_columns(),
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
    *_delivery_columns(),
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
    *_delivery_columns(),
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
    *_delivery_columns(),
    Index(None, "scope", "department"),
)

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

rule = Table(
    "rule",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("class", Text, nullable=False),  # 01–10, 数据检核类型
    Column("severity", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("suite", Text, nullable=False),
    Column("version", Text, nullable=False),  # hash of what it says
    Column("active", Boolean, nullable=False),
)

condition = Table(
    "condition",
    metadata,
    Column("rule", Text, primary_key=True),  # its id
    Column("key", Text, nullable=False),  # hash of all that the clause is made from
    Column("clause", Text, nullable=False),
)

# No foreign keys: the one statement that writes findings takes both numbers from these tables, and
# having the store look them up again costs more than the judging.
finding = Table(
    "finding",
    metadata,
    Column("behavior_id", Id, primary_key=True, autoincrement=False),
    Column("rule", Integer, primary_key=True, autoincrement=False),
    Index(None, "rule"),
)

to_judge = Table(
    "to_judge",
    metadata,
    Column("behavior_id", Id, primary_key=True, autoincrement=False),
    # under which others knew the record when it was last judged; NULL where it never was
    Column("action_code", Text),
    Column("check_action_code", Text),
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

judged_by = Table(
    "judged_by",
    metadata,
    Column("id", Id, primary_key=True),
    Column("feed", Text, nullable=False),  # item, item_owner, implement_list, department
    Column("code", Text, nullable=False),
    Column("content", Text, nullable=False),  # what facts took from the entry
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

look = Table(
    "look",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),  # since when it is what is said
    Column("as_of", Instant, nullable=False),  # as of when all statements held
    Column("made_from", Document),  # what concerned all of them then; NULL: a later look was made
    Index(None, "at"),
)

backlog_event = Table(
    "backlog_event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("look", Integer, nullable=False),  # the look that found it; 0: before looks were kept
    Column("department", Text, nullable=False),
    Column("month", Text, nullable=False),
    Column("heirs", Text),  # as of the unit
    Column("kind", Text, nullable=False),
    Column("behavior_id", Id),
    Column("expected_id", Id),
    # the number by which the unit was known before, where that was another
    Column("was_number", Id),
    Column("from_reason", Text),
    Column("to_reason", Text),
    Column("cause", Text, nullable=False),
    # what made it so, where that isn't the unit's own record or row
    Column("by_behavior_id", Id),
    Column("by_exemption_id", Id),
    Index(None, "behavior_id"),
    Index(None, "expected_id"),
    Index(None, "department", "month", "at"),
    Index(None, "at"),
)
_is_handed = backlog_event.c.heirs.is_not(None)
Index(
    "ix_backlog_event_heirs",
    backlog_event.c.heirs,
    postgresql_where=_is_handed,
    sqlite_where=_is_handed,
)

backlog = Table(
    "backlog",
    metadata,
    Column("id", Id, primary_key=True),
    Column("department", Text, nullable=False),
    Column("month", Text, nullable=False),  # belonging month
    Column("heirs", Text),  # as of the unit
    Column("kind", Text, nullable=False),
    Column("behavior_id", Id, unique=True),
    Column("expected_id", Id, unique=True),
    Column("reason", Text, nullable=False),
    Column("charged", Boolean, nullable=False),  # counts against the department
    Column("due_at", Instant, nullable=False),
    Index(None, "department", "month"),
)

tally = Table(
    "tally",
    metadata,
    Column("department", Text, primary_key=True),
    Column("month", Text, primary_key=True),  # statement month
    Column("kind", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("state", Text, primary_key=True),  # in_limit, overdue, carried
    Column("count", Integer, nullable=False),
    Index(None, "month"),
)

statement = Table(
    "statement",
    metadata,
    Column("department", Text, primary_key=True),  # a code, unknown or district
    Column("month", Text, primary_key=True),
    Column("changed_at", Instant, nullable=False),  # the look that found it to be so
    Column("close_at", Instant, nullable=False),
    Column("provisional_calendar", Boolean, nullable=False),
    Column("in_scope", Boolean, nullable=False),
    Column("obligations", Integer, nullable=False),  # of the month, from records or expected rows
    Column("backlog", Integer, nullable=False),  # charged to the department, months <= month
    Column("backlog_of_month", Integer, nullable=False),
    Column("pending", Integer, nullable=False),  # awaiting the office's audit
    Column("overdue", Integer, nullable=False),
    Column("carried", Integer, nullable=False),
    Column("oldest_due_at", Instant),
    Column("silent", Boolean, nullable=False),
    Column("expected_measured", Boolean, nullable=False),
    Column(
        "not_measured", Document, nullable=False
    ),  # cells without data: ["check", "expected:punish"]
    Column("zero", Boolean, nullable=False),
    Column("zero_of_month", Boolean, nullable=False),
    Column("sealed_state", Text),
    Column("current_state", Text, nullable=False),
    Column("late", Boolean),  # not cleared when it was sealed, or at some time since
    Column("figures", Document, nullable=False),  # {name: {numerator, denominator}}
    Column("moved_out", Document, nullable=False),  # {cause: count}
    Column("reasons", Document, nullable=False),  # {reason: count}, of charged units
    Column("moved_out_late", Document, nullable=False),  # those of them after the close
    Index(None, "month"),
)

statement_change = Table(
    "statement_change",
    metadata,
    # a look found a statement otherwise than the one before
    Column("department", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    Column("look", Integer, primary_key=True, autoincrement=False),
    Column("before", Document),  # what changed, as it was; NULL: there was no statement
    Index(None, "month", "look"),
)

seal = Table(
    "seal",
    metadata,
    Column("month", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),  # from 1 on
    Column("sealed_at", Instant, nullable=False),
    Column("document", Document, nullable=False),
    Column("previous_hash", Text),
    Column("hash", Text, nullable=False),
)

reopening = Table(
    "reopening",
    metadata,
    Column("month", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),  # of the seal reopened
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    ForeignKeyConstraint(["month", "revision"], ["seal.month", "seal.revision"]),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("department", Text, nullable=False),
    Column("month", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("message", Document, nullable=False),
    Column("state", Text, nullable=False),  # waiting, sending, sent, failed, withdrawn
    Column("attempts", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("leased_by", Text),
    Column("leased_until", Instant),
    Column("error", Text),
    UniqueConstraint("department", "month", "step", "channel", "destination"),
    Index(None, "state", "next_attempt_at"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("outbox_id", Id, ForeignKey("outbox.id"), nullable=False),
    Column("attempted_at", Instant, nullable=False),
    Column("outcome", Text, nullable=False),  # sent, retry or failed
    Column("receipt", Document),  # what the channel answered with: {"channel": …, "ts": …}
    Column("error", Text),
    Index(None, "outbox_id"),
)

run = Table(
    "run",
    metadata,
    Column("id", Id, primary_key=True),
    Column("job", Text, nullable=False),
    Column("source", Text),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("outcome", Text, nullable=False),  # running, ok, partial, failed or stopped
    Column("error", Text),
    Column("rows_read", Integer, nullable=False, server_default="0"),
    Column("rows_landed", Integer, nullable=False, server_default="0"),
    Column("rows_unchanged", Integer, nullable=False, server_default="0"),
    Column("rows_malformed", Integer, nullable=False, server_default="0"),
    Column("details", Document),  # malformed by column, what is unknown, warnings; since or all
    Index(None, "job", "source", "started_at"),
)

source_count = Table(
    "source_count",
    metadata,
    Column("source", Text, primary_key=True),
    Column("what", Text, primary_key=True),  # pulls, rows, malformed, column or department
    Column("name", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),  # in all pulls that ended
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
)

unlanded = Table(
    "unlanded",
    metadata,
    Column("source", Text, primary_key=True),
    Column("record_id", Text, primary_key=True),
    Column("delivery", Text, nullable=False),  # the file; of other sources what was asked for
    Column("place", Text, nullable=False),
    Column("number", Integer, nullable=False),  # the row's, in that place
    Column("lacking", Text, nullable=False),  # the columns that it lacks, joined by 、
    Column("raw", Document, nullable=False),  # its cells by header
    Column("run", BigInteger, nullable=False),  # the pull that saw it last
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
)

cursor = Table(
    "cursor",
    metadata,
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True),  # a file's path; empty for other sources
    Column("value", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", Instant, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("details", Document, nullable=False),
)
