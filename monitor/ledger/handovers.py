"""Handovers (移交): by department that ended, who owns its units, as the units are made by them.

They are few: a row for each department that ended and span of belonging months, and the same again
for each item by which the successors of one that was split are told apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import date
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from monitor.ledger import scratch, succession
from monitor.ledger.succession import EVER, Heir, Succession
from monitor.store.tables import behavior_item
from monitor.store.types import canonical
from monitor.workdays import Month

handover = scratch.table(
    "ledger_handover",
    sa.Column("code", sa.Text),
    sa.Column("item_code", sa.Text),
    sa.Column("from_month", sa.Text),
    sa.Column("before_month", sa.Text),
    sa.Column("department", sa.Text),
    sa.Column("heirs", sa.Text),
)


@dataclass(frozen=True, slots=True)
class Handover:
    """Units of `code` that belong to a span of months are the department's, then its heirs'.

    `item_code` is empty where it is so whatever the item, but for those that have rows.
    """

    code: str
    item_code: str
    from_month: str
    before_month: str
    department: str
    heirs: str | None


@dataclass(frozen=True, slots=True)
class Owned:
    """Units with who owns them: what to select from, the department, and its heirs."""

    source: sa.FromClause
    department: sa.ColumnElement[str]
    heirs: sa.ColumnElement[Any]


def read(connection: sa.Connection, following: Succession, today: date) -> Sequence[Handover]:
    """The handovers up to `today`."""
    ended = following.ended(today)
    takers = succession.takers(connection, ended)
    return [row for code in ended for row in _of_department(following, code, today, takers)]


def told(handovers: Sequence[Handover]) -> Mapping[str, str]:
    """By department that ended, a digest of its handovers, by which they can be compared."""
    found: dict[str, list[list[Any]]] = {}
    for each in handovers:
        found.setdefault(each.code, []).append([*astuple(each)])
    return {code: sha256(canonical(rows).encode()).hexdigest() for code, rows in found.items()}


def put(connection: sa.Connection, handovers: Sequence[Handover]) -> None:
    """Put the handovers into the scratch table, which must be there and empty."""
    connection.execute(sa.insert(handover), [asdict(each) for each in handovers])


def owned(
    source: sa.FromClause,
    department: sa.ColumnElement[str],
    item_code: sa.ColumnElement[Any],
    month: sa.ColumnElement[str],
    has_any: bool,
) -> Owned:
    """Rows of a department, item and belonging month with who owns them.

    By the scratch table where it `has_any` handovers, else the departments themselves.
    """
    if not has_any:
        return Owned(source, department, sa.cast(sa.null(), sa.Text))
    of_item, whatever = handover.alias("of_item"), handover.alias("whatever")

    def holds(each: sa.FromClause, code: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        in_span = sa.and_(each.c.from_month <= month, month < each.c.before_month)
        return sa.and_(each.c.code == department, each.c.item_code == code, in_span)

    by_item = of_item.c.code.is_not(None)
    return Owned(
        source.outerjoin(of_item, holds(of_item, item_code)).outerjoin(
            whatever, holds(whatever, sa.literal(""))
        ),
        sa.func.coalesce(of_item.c.department, whatever.c.department, department),
        sa.case((by_item, of_item.c.heirs), else_=whatever.c.heirs),
    )


def first_item(
    record: sa.FromClause, department: sa.ColumnElement[str]
) -> sa.ColumnElement[str | None]:
    """The first item of a record whose department was split; NULL for those of others."""
    was_split = department.in_(sa.select(handover.c.code).where(handover.c.item_code != ""))
    first = (
        sa.select(behavior_item.c.item_code)
        .where(behavior_item.c.behavior_id == record.c.id, behavior_item.c.position == 1)
        .scalar_subquery()
    )
    return sa.case((was_split, first))


def _of_department(
    following: Succession, code: str, today: date, takers: Mapping[str, Mapping[str, str]]
) -> Iterator[Handover]:
    whatever = following.path(code, today)
    yield from _spans(code, "", whatever)
    for item_code, of_item in sorted(takers.items()):
        heirs = following.path(code, today, of_item)
        if heirs != whatever:
            yield from _spans(code, item_code, heirs)


def _spans(code: str, item_code: str, heirs: Sequence[Heir]) -> Iterator[Handover]:
    """A path as rows: the owner of units that belong to each span of months."""
    by_month = {str(Month.of(heir.on)): heir for heir in heirs}
    begins = ["", *by_month]
    owners = [code, *(heir.department for heir in by_month.values())]
    for place, (begin, department) in enumerate(zip(begins, owners, strict=True)):
        yield Handover(
            code,
            item_code,
            begin,
            begins[place + 1] if place + 1 < len(begins) else EVER,
            department,
            succession.written([*by_month.values()][place:]),
        )
