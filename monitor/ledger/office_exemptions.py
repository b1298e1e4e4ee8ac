"""Exemptions that the office grants by hand (免报核销登记), and all that there are.

They are rows of `exemption` like those of a feed, of the source `office`. One that ends keeps its
row: it holds for the days up to its end. One that was entered by mistake is withdrawn: it never
held, and its row stays, marked. All calls run in the caller's transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Literal, cast

import sqlalchemy as sa

from monitor.errors import EntryError
from monitor.ledger import audit, exemptions
from monitor.ledger.obligations import basis_on, expected_basis_on
from monitor.store.tables import backlog, behavior, department, exemption, expected, item
from monitor.store.types import canonical
from monitor.words import BY_HAND

Scope = Literal["department", "item", "unit"]


@dataclass(frozen=True, slots=True)
class Grant:
    """What an exemption is about, why, who approved it, and from which to which day it holds.

    `code` is an item's or a unit's action code, None where the whole department is meant. An item
    or unit without a department is meant wherever it occurs.
    """

    scope: Scope
    department: str | None
    code: str | None
    reason: str | None
    approver: str | None
    begins_on: date | None
    ends_on: date | None

    def holds_on(self, day: date) -> bool:
        """Whether the exemption covers what counts from `day`."""
        begun = self.begins_on is None or self.begins_on <= day
        return begun and (self.ends_on is None or day <= self.ends_on)

    def overlaps(self, other: "Grant") -> bool:
        """Whether both are about the same, on some day."""
        about = (self.scope, self.code) == (other.scope, other.code)
        if self.department is not None and other.department is not None:
            about = about and self.department == other.department
        latest_begin = max(self.begins_on or date.min, other.begins_on or date.min)
        return about and latest_begin <= min(self.ends_on or date.max, other.ends_on or date.max)


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exemption of the store: its number, its source, and what is wrong with it."""

    number: int
    source: str
    grant: Grant
    overlaps: tuple[int, ...]
    exists: bool
    """Whether its department, item or unit is anywhere in the store."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an exemption would do: units of the backlog that it hides, and what it contradicts."""

    hides: int
    overlaps: tuple[int, ...]
    exists: bool


def preview(connection: sa.Connection, grant: Grant, now: datetime) -> Preview:
    """What `grant` would do if it were added; nothing is kept. Raises EntryError as `add` does.

    What others hide already, where no check was made since, isn't counted for it.
    """
    _refuse_unfounded(grant)
    before = _hidden(connection)
    with connection.begin_nested() as trial:
        number = _insert(connection, grant, now)
        hides = _hidden(connection) - before
        [added] = [each for each in read(connection) if each.number == number]
        trial.rollback()
    return Preview(hides, added.overlaps, added.exists)


def add(connection: sa.Connection, grant: Grant, now: datetime, by: str) -> int:
    """Add an exemption; gives its number.

    Raises EntryError where it ends before it begins, or nobody says why or who approved it.
    """
    _refuse_unfounded(grant)
    number = _insert(connection, grant, now)
    audit.note(connection, now, by, "exemption.add", {"number": number, **_told(grant)})
    return number


def end(
    connection: sa.Connection, number: int, on: date, now: datetime, by: str, reason: str
) -> None:
    """Let an exemption of the office's hold up to `on` and no longer.

    Raises EntryError where there is none of the number, a feed delivered it, it ended already,
    `on` is before its begin, or no reason is given.
    """
    audit.refuse_blank("a reason for ending the exemption", reason)
    row = _by_hand(connection, number)
    if row.ends_on is not None and row.ends_on <= on:
        raise EntryError(
            f"expected a day before {row.ends_on}, found {on}: {number} ends before it"
        )
    if row.begins_on is not None and on < row.begins_on:
        raise EntryError(f"expected {row.begins_on} or later, found {on}: {number} begins then")
    connection.execute(sa.update(exemption).where(exemption.c.id == number).values(ends_on=on))
    before = row.ends_on.isoformat() if row.ends_on else None
    said = {"number": number, "on": on.isoformat(), "before": before, "reason": reason}
    audit.note(connection, now, by, "exemption.end", said)


def withdraw(connection: sa.Connection, number: int, now: datetime, by: str, reason: str) -> None:
    """Withdraw an exemption of the office's, as if it had never been added; the row stays, marked.

    Raises EntryError where there is none of the number, a feed delivered it, or no reason is given.
    """
    audit.refuse_blank("a reason for the withdrawal", reason)
    _by_hand(connection, number)
    connection.execute(sa.update(exemption).where(exemption.c.id == number).values(deleted_at=now))
    said = {"number": number, "reason": reason}
    audit.note(connection, now, by, "exemption.withdraw", said)


def read(connection: sa.Connection) -> Sequence[Exemption]:
    """The exemptions that sources or people hold up, ended ones too, by number."""
    x = exemption.c
    exists = sa.case(
        (x.scope == "department", _in(x.department, department, department.c.code)),
        (x.scope == "item", _in(x.item_code, item, item.c.item_code)),
        else_=sa.or_(
            _in(x.action_code, behavior, behavior.c.action_code),
            _in(x.action_code, expected, expected.c.action_code),
        ),
    )
    query = sa.select(exemption, exists.label("exists_")).where(x.deleted_at.is_(None))
    rows = connection.execute(query.order_by(x.id)).all()
    grants = {row.id: _grant(row) for row in rows}
    return [
        Exemption(
            number=row.id,
            source=row.source,
            grant=grants[row.id],
            overlaps=tuple(_overlapping(row.id, grants)),
            exists=bool(row.exists_),
        )
        for row in rows
    ]


def _by_hand(connection: sa.Connection, number: int) -> sa.Row[Any]:
    """The exemption of a number that the office entered and nobody withdrew, else an EntryError."""
    row = connection.execute(
        sa.select(exemption).where(exemption.c.id == number, exemption.c.deleted_at.is_(None))
    ).one_or_none()
    if row is None or row.source != BY_HAND:
        found = "none" if row is None else f"one that the source {row.source!r} delivers"
        raise EntryError(
            f"expected the number of an exemption entered by hand, found {number}: there is {found}"
        )
    return row


def _refuse_unfounded(grant: Grant) -> None:
    audit.refuse_blank("a reason for the exemption", grant.reason)
    audit.refuse_blank("who approved the exemption", grant.approver)
    if grant.begins_on and grant.ends_on and grant.ends_on < grant.begins_on:
        raise EntryError(
            f"expected an end on {grant.begins_on} or later, found {grant.ends_on}: "
            "an exemption can't end before it begins"
        )


def _overlapping(number: int, grants: Mapping[int, Grant]) -> Iterator[int]:
    for other, grant in grants.items():
        if other != number and grants[number].overlaps(grant):
            yield other


def _in(
    code: sa.ColumnElement[str | None], table: sa.Table, column: sa.Column[str]
) -> sa.ColumnElement[bool]:
    return sa.exists().where(column == code, table.c.deleted_at.is_(None)).correlate_except(table)


def _hidden(connection: sa.Connection) -> int:
    """How many units of the backlog an exemption covers now: a check takes them out."""
    b, e = behavior, expected
    of_record = (
        sa.select(sa.func.count())
        .select_from(
            backlog.join(b, b.c.id == backlog.c.behavior_id).outerjoin(
                e, sa.and_(e.c.behavior_id == b.c.id, e.c.deleted_at.is_(None))
            )
        )
        .where(exemptions.covers_record(b, backlog.c.department, basis_on(b, e.c.due_basis_on)))
    )
    of_expected = (
        sa.select(sa.func.count())
        .select_from(backlog.join(e, e.c.id == backlog.c.expected_id))
        .where(
            backlog.c.behavior_id.is_(None),
            exemptions.covers_expected(e, backlog.c.department, expected_basis_on()),
        )
    )
    return sum(connection.scalar(query) or 0 for query in (of_record, of_expected))


def _insert(connection: sa.Connection, grant: Grant, now: datetime) -> int:
    count = sa.select(sa.func.count()).where(exemption.c.source == BY_HAND)
    values = {
        "scope": grant.scope,
        "department": grant.department,
        "item_code": grant.code if grant.scope == "item" else None,
        "action_code": grant.code if grant.scope == "unit" else None,
        "reason": grant.reason,
        "approver": grant.approver,
        "begins_on": grant.begins_on,
        "ends_on": grant.ends_on,
        "source": BY_HAND,
        "record_id": str((connection.scalar(count) or 0) + 1),
        "content_hash": sha256(canonical(_told(grant)).encode()).hexdigest(),
        "first_seen_at": now,
    }
    insert = sa.insert(exemption).values(values).returning(exemption.c.id)
    number: int = connection.execute(insert).scalar_one()
    return number


def _grant(row: Any) -> Grant:
    return Grant(
        scope=cast(Scope, row.scope),
        department=row.department,
        code=row.item_code if row.scope == "item" else row.action_code,
        reason=row.reason,
        approver=row.approver,
        begins_on=row.begins_on,
        ends_on=row.ends_on,
    )


def _told(grant: Grant) -> dict[str, Any]:
    """The exemption as the audit trail keeps it."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(grant).items()
    }
