"""Obligations (应录): every behaviour that must be in the system, each one unit.

A unit comes from a record, from an expected row, or from both where they are matched. It says where
it stands at an instant; everything else in the ledger counts units. Duplicates and exempted ones
are units too, marked: they are no obligations, but they can be explained. The table `unit` keeps
them as of the last look (`units`); `seen` holds those of another one for a while.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from monitor.ledger import scratch
from monitor.ledger.days import LocalDay, within
from monitor.store.tables import asked, department, expected, item, unit
from monitor.store.types import Id
from monitor.words import UNKNOWN_DEPARTMENT, Status
from monitor.workdays import local_day

seen = scratch.like(unit, "ledger_seen")
"""Units as a view sees them, before they are kept; or those of an instant that isn't kept."""
_is_expected = seen.c.expected_id.is_not(None)
sa.Index(  # SQLite would go through all of them for each expected row else
    "ix_ledger_seen_expected_id",
    seen.c.expected_id,
    sqlite_where=_is_expected,
    postgresql_where=_is_expected,
)

among = scratch.table(
    "ledger_among", sa.Column("number", Id, primary_key=True, autoincrement=False)
)
"""The numbers of the units that are to be made."""


def is_obligation(units: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a unit counts: neither a duplicate nor exempt."""
    return sa.not_(sa.or_(units.c.duplicate, units.c.exempt))


def is_record(units: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a unit is known from a record that counts for what records are measured by."""
    return sa.and_(units.c.behavior_id.is_not(None), sa.not_(units.c.exempt))


@dataclass(frozen=True, slots=True)
class View:
    """From when the obligations are seen; `as_of_close` looks back at a past close."""

    at: datetime
    as_of_close: bool = False

    @property
    def today(self) -> date:
        """The day that has begun: what was due before it has passed."""
        return local_day(self.at)


def is_live(record: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a record is there: neither withdrawn by its source nor deleted in the platform."""
    return sa.and_(record.c.deleted_at.is_(None), record.c.status != Status.DELETED)


def basis_on(record: sa.FromClause, expected_on: sa.ColumnElement[Any]) -> sa.ColumnElement[date]:
    """The day that a record's month and limits count from.

    Its day of occurrence; where that is blank or later than all that is known of the record, the
    matched expected row's day, else the day of submission, else the day on which it was first seen.
    """
    credible = sa.or_(
        record.c.occurred_on <= record.c.first_seen_on,
        record.c.occurred_on <= record.c.submitted_on,
        record.c.occurred_on <= LocalDay(record.c.status_at),
    )
    return sa.func.coalesce(
        sa.case((credible, record.c.occurred_on)),
        expected_on,
        record.c.submitted_on,
        record.c.first_seen_on,
    )


def submission_on(record: sa.FromClause) -> sa.ColumnElement[date]:
    """The day that counts as that of a record's submission.

    Without an instant of submission, or where that isn't proven, the day on which we first saw it
    submitted is all there is.
    """
    first_seen_on = LocalDay(record.c.first_submitted_seen_at)
    return sa.case(
        (record.c.submission_unproven, first_seen_on),
        else_=sa.func.coalesce(record.c.submitted_on, first_seen_on, record.c.first_seen_on),
    )


def expected_owner() -> sa.Case[str]:
    """The department of an expected row; the office owns those of one that nobody knows."""
    return owner_of(asked(expected))


def owner_of(code: sa.ColumnElement[str]) -> sa.Case[str]:
    """A department's code, or that of nobody where the directory doesn't have it."""
    known = sa.select(department.c.code).where(department.c.deleted_at.is_(None))
    return sa.case((code.in_(known), code), else_=UNKNOWN_DEPARTMENT)


def item_has_ended() -> sa.ColumnElement[bool]:
    """Whether an expected row is of a day before its item was in use, or after (停用).

    Nothing can be asked for under it. A record under it stays an obligation: it breaks a rule. An
    item that the catalogue doesn't know, or that stopped on no day that is known, says nothing.
    """
    entry = sa.and_(item.c.item_code == expected.c.item_code, item.c.deleted_at.is_(None))
    in_use = sa.exists().where(
        entry, within(expected_basis_on(), item.c.in_use_from, item.c.in_use_to)
    )
    return sa.and_(sa.exists().where(entry), sa.not_(in_use))


def expected_basis_on() -> sa.ColumnElement[date]:
    """The day that an expected row's month and limits count from."""
    return sa.func.coalesce(expected.c.due_basis_on, LocalDay(expected.c.first_seen_at))
