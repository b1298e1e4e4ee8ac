"""Unit histories (应录履历): all that is known of one act since it was first seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import exemptions, succession
from monitor.ledger.causes import Cause
from monitor.ledger.explained_units import Line, lines
from monitor.ledger.machine_form import machine_form
from monitor.sources.normalise import document_key
from monitor.store import statuses
from monitor.store.tables import (
    asked,
    backlog_event,
    behavior,
    behavior_item,
    exemption,
    expected,
    unit,
)
from monitor.words import DISTRICT, UNKNOWN_DEPARTMENT, Kind, Word
from monitor.workdays import Month, local_day

FORMAT = 2
"""Since 2 a unit says who took it over."""
MOST = 20
"""How many acts of one code are told, the oldest first."""

_OWN_RECORD = frozenset(
    {Cause.ENTERED, Cause.SUBMITTED, Cause.RETURNED, Cause.FIXED, Cause.ACCEPTED, Cause.DELETED}
)
_OWN_ROW = frozenset({Cause.WITHDRAWN})
"""Causes that lie in the act's own record, or its expected row."""
_MOVES = frozenset({Cause.DATE_CHANGED, Cause.TRANSFERRED, Cause.SUCCEEDED})
"""Causes by which an act goes on in another month or department: no stay in the backlog begins."""


class Standing(Word):
    """What an act is now."""

    REMAINS = "remains", "未清零"
    CLEARED = "cleared", "已清零"
    EXEMPT = "exempt", "免报核销"
    DUPLICATE = "duplicate", "重复记录"
    GONE = "gone", "不再是应录"


@dataclass(frozen=True, slots=True)
class Delivered:
    """A record or an expected row about the act, and until when it was delivered."""

    is_record: bool
    source: str
    record_id: str
    first_seen_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class SeenStatus:
    """A status that the record was seen in: since when by its source, and when we saw it."""

    status: str
    status_at: datetime | None
    submitted_at: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Named:
    """A row that is named as a cause, as its source names it; `feed` is a kind, or the table."""

    feed: str
    source: str
    record_id: str


@dataclass(frozen=True, slots=True)
class Event:
    """The act came into a department's backlog, changed in it, or left it, and why.

    `by` is the record, expected row or exemption that made it so, where there is one; `age` the
    working days since the act last came into the backlog.
    """

    at: datetime
    department: str
    month: Month
    from_reason: str | None
    to_reason: str | None
    cause: Cause
    by: Named | None
    age: int


@dataclass(frozen=True, slots=True)
class UnitHistory:
    """An act's whole history; `line` is the unit that it is now, None where it is gone.

    `exemptions` are the numbers of those that cover it, `heirs` the departments that took it over,
    the last of whom answers for it now.
    It was last in the backlog from `since` to `until` (None: it still is), `age` working days; all
    None where it never was. A move to another month or department begins no stay of its own.
    """

    department: str
    month: Month
    standing: Standing
    line: Line | None
    exemptions: tuple[int, ...]
    heirs: tuple[str, ...]
    delivered: tuple[Delivered, ...]
    statuses: tuple[SeenStatus, ...]
    events: tuple[Event, ...]
    since: datetime | None
    until: datetime | None
    age: int | None

    def to_json(self) -> dict[str, Any]:
        """The machine form, ready for json.dumps."""
        return machine_form(self)


@dataclass(frozen=True, slots=True)
class _Act:
    """The rows that tell of one act: a record, an expected row, or both."""

    behavior_id: int | None
    expected_id: int | None

    @property
    def is_told(self) -> sa.ColumnElement[bool]:
        """The condition on events: a unit keeps its history when an expected row gets a record."""
        e = backlog_event.c
        keys = ((e.behavior_id, self.behavior_id), (e.expected_id, self.expected_id))
        return sa.or_(*(column == key for column, key in keys if key is not None))


def histories(
    connection: sa.Connection, settings: Settings, department: str, code: str, now: datetime
) -> tuple[UnitHistory, ...]:
    """The acts that `code` names: by action code, document number or record id.

    Those of a department or the district.

    An act is the department's that it was charged to once, or is now, or that took it over. `now`
    is the instant up to which the age of what remains is counted.
    """
    acts = _acts(connection, settings, code)
    found = (_history(connection, settings, act, now) for act in acts)
    return tuple(
        each
        for each in found
        if department in (DISTRICT, each.department, *each.heirs)
        or any(event.department == department for event in each.events)
    )


def _acts(connection: sa.Connection, settings: Settings, code: str) -> list[_Act]:
    """The acts, a record and the expected row matched to it being one."""
    b, e = behavior.c, expected.c
    records = sa.select(b.id, e.id).select_from(
        behavior.outerjoin(expected, sa.and_(e.behavior_id == b.id, e.deleted_at.is_(None)))
    )
    rows = sa.select(e.behavior_id, e.id)
    sources = [source.name for source in settings.source]
    document = pl.select(document_key(pl.lit(code))).item()

    def named(row: Any) -> sa.ColumnElement[bool]:
        by_code = sa.and_(row.kind.in_(list(Kind)), row.action_code == code)
        by_id = sa.and_(row.source.in_(sources), row.record_id == code)
        by_document = sa.false() if document is None else row.document_key == document
        return sa.or_(by_code, by_id, by_document)

    queries = (records.where(named(b)).order_by(b.id), rows.where(named(e)).order_by(e.id))
    acts = [_Act(*row) for query in queries for row in connection.execute(query.limit(MOST))]
    return list(dict.fromkeys(acts))[:MOST]


def _history(
    connection: sa.Connection, settings: Settings, act: _Act, now: datetime
) -> UnitHistory:
    events = _events(connection, settings, act)
    number = act.behavior_id if act.behavior_id is not None else -(act.expected_id or 0)
    of = sa.select(unit).where(unit.c.number == number).subquery("of")
    row = connection.execute(sa.select(of)).one_or_none()
    stands = lines(connection, settings, of, sa.true(), 1)
    department, month = _place(connection, act, events, row)
    since = _came(events)[-1] if events else None
    left = events[-1] if events and events[-1].to_reason is None else None
    until = left.at if left else None
    age = settings.days.between(local_day(since), local_day(until or now)) if since else None
    return UnitHistory(
        department=department,
        month=month,
        standing=_standing(row),
        line=stands[0] if stands else None,
        exemptions=_exemptions(connection, act, row) if row is not None and row.exempt else (),
        heirs=tuple(code for _since, code in succession.parsed(row.heirs))
        if row is not None
        else (),
        delivered=tuple(_delivered(connection, act)),
        statuses=_statuses(connection, act),
        events=events,
        since=since,
        until=until,
        age=age,
    )


def _place(
    connection: sa.Connection, act: _Act, events: Sequence[Event], row: Any
) -> tuple[str, Month]:
    """Whose the act is and in which month; where it counts no more, as its last row has it."""
    if row is not None:
        return row.department, Month.parse(row.month)
    if events:
        return events[-1].department, events[-1].month
    table = behavior if act.behavior_id is not None else expected
    key = act.behavior_id if act.behavior_id is not None else act.expected_id
    owner = asked(expected) if table is expected else behavior.c.department
    own = connection.execute(
        sa.select(owner.label("owner"), table.c.month, table.c.first_seen_at).where(
            table.c.id == key
        )
    ).one()
    month = Month.parse(own.month) if own.month else Month.of(local_day(own.first_seen_at))
    return own.owner or UNKNOWN_DEPARTMENT, month


def _standing(row: Any) -> Standing:
    if row is None:
        return Standing.GONE
    if row.exempt or row.duplicate:
        return Standing.EXEMPT if row.exempt else Standing.DUPLICATE
    return Standing.CLEARED if row.reason is None else Standing.REMAINS


def _exemptions(connection: sa.Connection, act: _Act, row: Any) -> tuple[int, ...]:
    table, key = (
        (expected, act.expected_id) if act.behavior_id is None else (behavior, act.behavior_id)
    )
    code = connection.scalar(sa.select(table.c.action_code).where(table.c.id == key))
    items = (
        sa.select(expected.c.item_code).where(expected.c.id == key)
        if act.behavior_id is None
        else sa.select(behavior_item.c.item_code).where(behavior_item.c.behavior_id == key)
    )
    codes = [each for each in connection.scalars(items) if each is not None]
    return exemptions.numbers(connection, row.department, code, codes, row.basis_on)


def _delivered(connection: sa.Connection, act: _Act) -> list[Delivered]:
    rows: list[Delivered] = []
    for table, key in ((expected, act.expected_id), (behavior, act.behavior_id)):
        columns = (table.c.source, table.c.record_id, table.c.first_seen_at, table.c.deleted_at)
        query = sa.select(*columns).where(table.c.id == key)
        rows += [Delivered(table is behavior, *row) for row in connection.execute(query)]
    return sorted(rows, key=lambda each: each.first_seen_at)


def _statuses(connection: sa.Connection, act: _Act) -> tuple[SeenStatus, ...]:
    rows = connection.execute(statuses.of_records(behavior.c.id == act.behavior_id))
    return tuple(
        SeenStatus(row.status, row.status_at, row.submitted_at, row.seen_at) for row in rows
    )


def _events(connection: sa.Connection, settings: Settings, act: _Act) -> tuple[Event, ...]:
    e = backlog_event.c
    query = (
        sa.select(backlog_event)
        .where(act.is_told, sa.or_(e.from_reason.is_not(None), e.to_reason.is_not(None)))
        .order_by(e.id)
    )
    rows = connection.execute(query).all()
    return tuple(
        Event(
            row.at,
            row.department,
            Month.parse(row.month),
            row.from_reason,
            row.to_reason,
            Cause(row.cause),
            _by(connection, row),
            settings.days.between(local_day(came), local_day(row.at)),
        )
        for row, came in zip(rows, _came(rows), strict=True)
    )


def _came(events: Sequence[Any]) -> list[datetime]:
    """By event since when the act stands in the backlog, or stood there last."""
    came: list[datetime] = []
    for event in events:
        begins = not came or (event.from_reason is None and event.cause not in _MOVES)
        came.append(event.at if begins else came[-1])
    return came


def _by(connection: sa.Connection, event: Any) -> Named | None:
    """What made an event so: another record or an exemption, else the act's own record or row.

    Of an act that is unentered again, the record that is gone.
    """
    has_record = event.behavior_id is not None
    was_record = event.was_number if (event.was_number or 0) > 0 and not has_record else None
    for table, number in (
        (behavior, event.by_behavior_id),
        (exemption, event.by_exemption_id),
        (behavior, event.behavior_id if event.cause in _OWN_RECORD else None),
        (behavior, was_record),
        (expected, event.expected_id if event.cause in _OWN_ROW else None),
    ):
        if number is not None:
            row = connection.execute(sa.select(table).where(table.c.id == number)).one()
            return Named(row.kind if table is behavior else table.name, row.source, row.record_id)
    return None
