"""Statements, the backlog under them with its history, and their seals."""

from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, Integer, Table, Text

from monitor.store.tables.columns import metadata
from monitor.store.types import Document, Id, Instant

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
    Column("from_heirs", Text),  # before, of a unit that was handed over
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
