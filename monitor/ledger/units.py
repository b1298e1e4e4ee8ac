"""Units kept (台账): the table `unit` brought up to a look, for what changed since the one before.

`among` says which units are to be made anew; they are made into `seen`, compared with the backlog
(`backlog`), and taken over here. A unit that comes out the same costs no write.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache

import sqlalchemy as sa

from monitor.ledger import scratch
from monitor.ledger.counts import place
from monitor.ledger.obligations import among, seen
from monitor.store import planner
from monitor.store.tables import behavior, expected, to_count, to_match, unit
from monitor.store.types import Id
from monitor.store.upsert import insert_on
from monitor.words import UNKNOWN_DEPARTMENT, Kind

_gone = scratch.table("ledger_gone", sa.Column("number", Id, primary_key=True, autoincrement=False))
_RECORDS = sa.select(among.c.number).where(among.c.number > 0)
_EXPECTED = sa.select(-among.c.number).where(among.c.number < 0)


def add(connection: sa.Connection, numbers: sa.Select[int]) -> None:
    """Put numbers into `among`, which must be there."""
    connection.execute(adding(connection.dialect.name, numbers))


def adding(store: str, numbers: sa.Select[int]) -> sa.Insert:
    """The statement by which `add` does it, for who writes it once and keeps it."""
    found = numbers.subquery("found")
    insert = insert_on(store, among).from_select(
        ["number"], sa.select(found.c[0]).distinct().where(sa.true())
    )
    return insert.on_conflict_do_nothing()


def list_all(connection: sa.Connection) -> None:
    """Put the numbers of all units that there are, or may be, into `among`."""
    for rows in (sa.select(unit.c.number), sa.select(behavior.c.id), sa.select(-expected.c.id)):
        add(connection, rows)
    planner.look_over(connection, among)


def list_of(connection: sa.Connection, department: str) -> None:
    """Put the numbers of a department's units, as they are or may be, into `among`."""
    if department == UNKNOWN_DEPARTMENT:
        list_all(connection)
        return
    for rows in (
        sa.select(unit.c.number).where(unit.c.department == department),
        sa.select(behavior.c.id).where(behavior.c.department == department),
        *(
            sa.select(-expected.c.id).where(column == department)
            for column in (expected.c.department, expected.c.owner)
        ),
    ):
        add(connection, rows)
    planner.look_over(connection, among)


def list_changed(connection: sa.Connection, today: date) -> None:
    """Put the numbers of the units that may be otherwise than they were into `among`.

    Those of the queues, and expected rows that ask for the same act as one of them; those for
    which a day has come (`holds_until`). Where a record and an expected row are or were one unit,
    both, also of those that `among` has already.
    """
    store = connection.dialect.name
    planner.look_over(connection, to_count, to_match)
    for insert in _adding_changed(store):
        connection.execute(insert, {"today": today})
    planner.look_over(connection, among)
    for insert in _adding_partners(store):
        connection.execute(insert)
    planner.look_over(connection, among)


@cache
def _adding_changed(store: str) -> Sequence[sa.Insert]:
    today = sa.bindparam("today", type_=sa.Date())
    changed: Iterable[sa.Select[int]] = (
        sa.select(to_count.c.behavior_id),
        sa.select(-to_match.c.expected_id),
        *_asking_the_same(),
        sa.select(unit.c.number).where(unit.c.holds_until < today),
    )
    return [adding(store, numbers) for numbers in changed]


def _asking_the_same() -> Iterator[sa.Select[int]]:
    """Expected rows that ask for the same act as a queued one, as it is and as it was counted.

    The act is told by the same keys as in `obligations`, one select for each.
    """
    is_queued = expected.c.id.in_(sa.select(to_match.c.expected_id))
    twin = expected.alias("twin")
    of_kind = twin.c.kind.in_(list(Kind))  # whichever: what the index on action codes begins with
    for names in (
        ("action_code",),
        ("document_key",),
        ("plan_id", "object_id"),
        ("plan_id", "party_name"),
    ):
        theirs = sa.tuple_(*(twin.c[name] for name in names))
        for table, which in ((expected, is_queued), (to_match, sa.true())):
            is_there = (table.c[name].is_not(None) for name in names)
            keys = sa.select(*(table.c[name] for name in names)).where(which, *is_there)
            found = sa.select(-twin.c.id).where(theirs.in_(keys))
            yield found.where(of_kind) if names == ("action_code",) else found


@cache
def _adding_partners(store: str) -> Sequence[sa.Insert]:
    """Whatever is or was matched with what is listed: rows of the listed records, then records."""
    e, u = expected.c, unit.c
    rows = (
        sa.select(-e.id).where(e.behavior_id.in_(_RECORDS)),
        sa.select(-u.expected_id).where(u.number.in_(_RECORDS), u.expected_id.is_not(None)),
    )
    records = (
        sa.select(e.behavior_id).where(e.id.in_(_EXPECTED), e.behavior_id.is_not(None)),
        sa.select(u.behavior_id).where(
            u.expected_id.in_(_EXPECTED), u.expected_id.is_not(None), u.behavior_id.is_not(None)
        ),
    )
    return [adding(store, numbers) for numbers in (*rows, *records)]


def take_over(connection: sa.Connection) -> int:
    """Make the table `unit` hold what `seen` does of the units in `among`.

    Puts the departments and months of those that differ, as they were and as they are, into
    `place`, which must be there. Gives how many rows were dropped or written.
    """
    with scratch.made(connection, _gone):
        connection.execute(_listing_gone())
        planner.look_over(connection, _gone)
        gone = unit.c.number.in_(sa.select(_gone.c.number))
        _note_places(connection, unit, gone)
        dropped = connection.execute(sa.delete(unit).where(gone)).rowcount
    new = sa.not_(sa.exists().where(unit.c.number == seen.c.number))
    _note_places(connection, seen, new)
    # put in order, so that all are looked up before the first is written: PostgreSQL, which takes
    # an empty table for small, would else read all that was written before with each of them
    rows = sa.select(seen).where(new).order_by(-seen.c.number)
    insert = sa.insert(unit).from_select(list(seen.c.keys()), rows)
    options = {"preserve_rowcount": True}
    return dropped + connection.execute(insert, execution_options=options).rowcount


@cache
def _listing_gone() -> sa.Insert:
    others = (column for column in unit.columns if column is not unit.c.number)
    same = sa.exists().where(
        # PostgreSQL finds nothing by IS NOT DISTINCT FROM: it would compare each with each
        seen.c.number == unit.c.number,
        *(seen.c[column.name].is_not_distinct_from(column) for column in others),
    )
    listed = unit.c.number.in_(sa.select(among.c.number))
    differing = sa.select(unit.c.number).where(listed, sa.not_(same))
    return sa.insert(_gone).from_select(["number"], differing)


def _note_places(connection: sa.Connection, units: sa.Table, which: sa.ColumnElement[bool]) -> None:
    places = sa.select(units.c.department, units.c.month).where(which).distinct()
    insert = insert_on(connection.dialect.name, place).from_select(["department", "month"], places)
    connection.execute(insert.on_conflict_do_nothing())
