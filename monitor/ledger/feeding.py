"""Feeding (来源覆盖): which departments and kinds sources deliver for, and which are expected.

`fed` remembers what each source ever delivered something for: should it not be read, that is what
isn't measured. `expected_kind` says of which departments and kinds some expected row is, so that
they can be measured by it at all. Both are brought up to date for what changed only.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import sqlalchemy as sa

from monitor.ledger.obligations import among, expected_owner, owner_of
from monitor.store.tables import asked, behavior, expected, expected_kind, fed, to_match
from monitor.store.upsert import insert_on
from monitor.words import UNKNOWN_DEPARTMENT, Feed, Kind


def note_sources(connection: sa.Connection) -> None:
    """Note what the sources of the units in `among` deliver for."""
    for insert in _noting_sources(connection.dialect.name):
        connection.execute(insert)


@cache
def _noting_sources(store: str) -> Sequence[sa.Insert]:
    b, e = behavior.c, expected.c
    expects = sa.literal(f"{Feed.EXPECTED}:").concat(e.kind)
    records = b.id.in_(sa.select(among.c.number).where(among.c.number > 0))
    rows = e.id.in_(sa.select(-among.c.number).where(among.c.number < 0))
    none = ""
    queries = (
        sa.select(b.source, sa.func.coalesce(b.department, none), b.kind).where(records),
        sa.select(e.source, sa.func.coalesce(asked(expected), none), expects).where(rows),
    )
    names = list(fed.c.keys())
    return [
        insert_on(store, fed).from_select(names, query.distinct()).on_conflict_do_nothing()
        for query in queries
    ]


def note_expected(connection: sa.Connection, *, whole: bool) -> frozenset[str]:
    """Bring `expected_kind` up to date; gives the departments of which it says something else.

    Looks at the departments of queued expected rows, as they were and are, or with `whole` at all.
    """
    of_kinds, noted = _asking(whole=whole)
    found = {
        (department, kind.value)
        for kind, query in of_kinds.items()
        for department in connection.scalars(query)
    }
    there = {(row.department, row.kind) for row in connection.execute(noted)}
    if gone := sorted(there - found):
        connection.execute(
            sa.delete(expected_kind).where(
                expected_kind.c.department == sa.bindparam("of"),
                expected_kind.c.kind == sa.bindparam("which"),
            ),
            [{"of": department, "which": kind} for department, kind in gone],
        )
    if new := sorted(found - there):
        connection.execute(
            sa.insert(expected_kind),
            [{"department": department, "kind": kind} for department, kind in new],
        )
    return frozenset(department for department, _kind in found ^ there)


@cache
def _asking(*, whole: bool) -> tuple[Mapping[Kind, sa.Select[str]], sa.Select[str, str]]:
    """What `note_expected` asks: who is expected to act in each kind, and what is noted of them."""
    queued = None if whole else _queued()
    noted = sa.select(expected_kind.c.department, expected_kind.c.kind)
    if queued is not None:
        noted = noted.where(expected_kind.c.department.in_(sa.select(queued.c.department)))
    return {kind: _expected_of(kind, queued) for kind in Kind}, noted


def _queued() -> sa.Subquery:
    """The owners of queued expected rows, as they are, and as they were where that is known of."""
    now = sa.select(expected_owner().label("department")).where(
        expected.c.id.in_(sa.select(to_match.c.expected_id))
    )
    was = owner_of(to_match.c.department)
    noted = was.in_(sa.select(expected_kind.c.department))
    return now.union(sa.select(was).where(noted)).subquery("queued")


def _expected_of(kind: Kind, queued: sa.Subquery | None) -> sa.Select[str]:
    """Which owners, of all or of the queued ones, some expected row of a kind is about."""
    owner = expected_owner()
    is_there = sa.and_(expected.c.kind == kind, expected.c.deleted_at.is_(None))
    if queued is None:
        return sa.select(owner).where(is_there).distinct()
    # The office owns what has no index of its own: that is looked for only where it is asked.
    code = queued.c.department
    is_named = sa.exists().where(expected.c.department == code, expected.c.owner.is_(None))
    is_found = sa.exists().where(expected.c.owner == code)
    is_office = queued.c.department == UNKNOWN_DEPARTMENT
    is_the_offices = sa.exists().where(owner == UNKNOWN_DEPARTMENT, is_there)
    return sa.select(queued.c.department).where(
        sa.or_(is_named.where(is_there), is_found.where(is_there), is_office & is_the_offices)
    )
