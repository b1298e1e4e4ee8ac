"""Matching (比对): which record is the one that an expected row asks for.

By action code, then by document number, then by plan and object. One record matches at most one
expected row and the reverse; among several of one document that of the same party, then the nearest
day of occurrence, then the lowest id. The result depends on the rows alone, not on the order in
which they came.

What is matched anew are the expected rows and records that changed, and all that hang together with
them by keys that they share (`concerned`): nothing else can come out otherwise.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache, lru_cache, reduce
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import attribution, concerned, scratch
from monitor.ledger.concerned import asking, offering
from monitor.ledger.days import DaysApart, MonthOf
from monitor.ledger.obligations import expected_basis_on, is_live
from monitor.store import queue
from monitor.store.tables import (
    behavior,
    department,
    drawn_object,
    expected,
    plan,
    to_draw,
    to_match,
)
from monitor.store.types import Id
from monitor.store.upsert import insert_into
from monitor.words import UNKNOWN_DEPARTMENT, Kind

_wanted = scratch.table(
    "ledger_wanted",
    sa.Column("expected_id", Id),
    sa.Column("kind", sa.Text),
    sa.Column("rank", sa.Integer),  # which of the ways to match comes first
    sa.Column("key", sa.Text),
    sa.Column("party", sa.Text),
    sa.Column("day", sa.Date),
    sa.Index("ix_ledger_wanted_key", "key"),
)
_offered = scratch.table(
    "ledger_offered",
    sa.Column("behavior_id", Id),
    sa.Column("kind", sa.Text),
    sa.Column("rank", sa.Integer),
    sa.Column("key", sa.Text),
    sa.Column("party", sa.Text),
    sa.Column("day", sa.Date),
)
_pair = scratch.table(
    "ledger_pair",
    sa.Column("expected_id", Id),
    sa.Column("behavior_id", Id),
    sa.Column("rank", sa.Integer),
    sa.Column("other_party", sa.Integer),
    sa.Column("apart", sa.Float),
)
_match = scratch.table(
    "ledger_match",
    sa.Column("expected_id", Id, primary_key=True, autoincrement=False),
    sa.Column("behavior_id", Id),
)

_CODE, _DOCUMENT, _OBJECT, _NAME = range(1, 5)
_FAR = 1e9
"""Stands for the distance where one of the days is blank: the last choice."""


def refresh(
    connection: sa.Connection, settings: Settings, now: datetime, *, owners_changed: bool
) -> None:
    """Make rows of what plans ask for, fill in department and month, and match what changed.

    Reads the queues `to_draw`, `to_match` and `to_judge`; notes in `to_match` what came out
    otherwise, which is counted again. `owners_changed` says that departments or items did: then
    every row that no known department owns is looked at.
    """
    _expect_drawn_objects(connection, now)
    store, named = connection.dialect.name, attribution.sources(settings)
    for statement in _completing(store, named, whole=owners_changed):
        connection.execute(statement)
    with scratch.made(connection, asking, offering, _wanted, _offered, _pair, _match):
        if not concerned.find(connection):
            return
        for insert in (_listing_wanted(), *_listing_pairs()):
            connection.execute(insert)
        _choose(connection)
        for statement in _writing(store):
            connection.execute(statement)


def _expect_drawn_objects(connection: sa.Connection, now: datetime) -> None:
    """Every drawn object of a plan (抽查对象) is a check that must exist.

    It belongs to the plan's end, else to December of the plan's year. The plans in `to_draw` are
    looked at, which is empty then.
    """
    if not connection.scalar(sa.select(sa.exists().where(to_draw.c.plan_id.is_not(None)))):
        return
    changed = sa.select(to_draw.c.plan_id)
    of_changed = expected.c.plan_id.in_(changed)
    queue.note(connection, expected, of_changed)
    years = connection.scalars(sa.select(plan.c.year).distinct())
    last_days = {
        year: date(int(year[:4]), 12, 31)
        for year in years
        if year and year[:4].isdecimal() and int(year[:4]) > 0
    }
    last_day = sa.case(last_days, value=plan.c.year) if last_days else sa.null()
    record_id = plan.c.plan_id.concat("/").concat(drawn_object.c.object_id)
    tells = {
        "department": plan.c.department,
        "department_name": plan.c.department_name,
        "object_id": sa.func.coalesce(drawn_object.c.object_code, drawn_object.c.object_id),
        "party_name": drawn_object.c.object_name,
        "due_basis_on": sa.func.coalesce(plan.c.ends_on, last_day),
    }
    told = {name: sa.func.min(column) for name, column in tells.items()}
    drawn = (
        sa.select(
            drawn_object.c.source,
            record_id.label("record_id"),
            sa.literal(Kind.CHECK.value).label("kind"),
            sa.func.min(plan.c.plan_id).label("plan_id"),
            *(column.label(name) for name, column in told.items()),
            _written(told.values()).label("content_hash"),
            sa.func.min(drawn_object.c.first_seen_at).label("first_seen_at"),
        )
        .join(plan, plan.c.plan_id == drawn_object.c.plan_id)
        .where(
            plan.c.deleted_at.is_(None),
            drawn_object.c.deleted_at.is_(None),
            drawn_object.c.plan_id.in_(changed),
        )
        .group_by(drawn_object.c.source, record_id)
    )
    insert = insert_into(connection, expected).from_select(
        list(drawn.selected_columns.keys()), drawn
    )
    new = insert.excluded
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[expected.c.source, expected.c.record_id],
            set_={name: new[name] for name in (*told, "content_hash")} | {"deleted_at": None},
            where=sa.or_(
                expected.c.deleted_at.is_not(None),
                expected.c.content_hash != new.content_hash,
            ),
        )
    )
    queue.note(connection, expected, of_changed)
    still = drawn.subquery("still")
    connection.execute(
        sa.update(expected)
        .values(deleted_at=now)
        .where(
            of_changed,
            expected.c.source.in_(sa.select(drawn_object.c.source)),
            expected.c.deleted_at.is_(None),
            sa.not_(
                sa.exists().where(
                    still.c.source == expected.c.source, still.c.record_id == expected.c.record_id
                )
            ),
        )
    )
    connection.execute(sa.delete(to_draw))


@lru_cache(maxsize=16)
def _completing(
    store: str, sources: attribution.Sources, *, whole: bool
) -> Sequence[sa.Update | sa.Insert]:
    """Fill in the month, and the owner where the source gave no department of the directory.

    What it gave may be a department's name or local code. Where it gave nothing the item's owner on
    the row's day counts, else the source's own department. Of the queued rows, or of the `whole`.
    """
    which = sa.true() if whole else expected.c.id.in_(sa.select(to_match.c.expected_id))
    month = MonthOf(expected_basis_on())
    dated = (
        sa.update(expected)
        .values(month=month)
        .where(which, expected.c.month.is_distinct_from(month))
    )
    owner, named = attribution.owners(), attribution.named()

    def by_name(column: sa.Column[str]) -> sa.ScalarSelect[str]:
        return sa.select(named.c.code).where(named.c.name == column).scalar_subquery()

    of_item = (
        sa.select(sa.func.min(owner.c.department))
        .where(attribution.owns(owner, expected.c.item_code, expected_basis_on()))
        .having(sa.func.count(owner.c.department.distinct()) == 1)
        .scalar_subquery()
    )
    nothing = sa.or_(expected.c.department.is_(None), expected.c.department == UNKNOWN_DEPARTMENT)
    found = sa.func.coalesce(
        by_name(expected.c.department),
        by_name(expected.c.department_name),
        sa.case((nothing, of_item)),
        sa.case((nothing, attribution.of_source(sources, expected.c.source))),
    )
    is_known = sa.exists().where(
        department.c.code == expected.c.department, department.c.deleted_at.is_(None)
    )
    told = sa.case((is_known, sa.null()), else_=found)
    changes = sa.and_(which, expected.c.owner.is_distinct_from(told))
    owned = sa.update(expected).values(owner=told).where(changes)
    return dated, queue.noting(store, expected, changes), owned


@cache
def _listing_wanted() -> sa.Insert:
    e = expected
    keys = (
        (_CODE, e.c.action_code),
        (_DOCUMENT, e.c.document_key),
        (_OBJECT, _joined(e.c.plan_id, e.c.object_id)),
        (_NAME, _joined(e.c.plan_id, e.c.party_name)),
    )
    wanted = sa.union_all(
        *(
            sa.select(
                e.c.id, e.c.kind, sa.literal(rank), key, e.c.party_name, e.c.due_basis_on
            ).where(
                e.c.id.in_(sa.select(asking.c.number)), e.c.deleted_at.is_(None), key.is_not(None)
            )
            for rank, key in keys
        )
    )
    return sa.insert(_wanted).from_select(list(_wanted.c.keys()), wanted)


@cache
def _listing_pairs() -> Sequence[sa.Insert]:
    """Every record that has a key which an expected row asks for."""
    b = behavior
    keys = (
        (_CODE, b.c.action_code),
        (_DOCUMENT, b.c.document_key),
        (_OBJECT, _joined(b.c.plan_id, b.c.party_id)),
        (_NAME, _joined(b.c.plan_id, b.c.party_name)),
        (_NAME, _joined(b.c.plan_id, b.c.object_name)),
    )
    offered = sa.union_all(
        *(
            sa.select(
                b.c.id, b.c.kind, sa.literal(rank), key, b.c.party_name, b.c.occurred_on
            ).where(
                b.c.id.in_(sa.select(offering.c.number)),
                key.in_(sa.select(_wanted.c.key).where(_wanted.c.rank == rank)),
                is_live(b),
                b.c.duplicate_of.is_(None),
            )
            for rank, key in keys
        )
    )
    apart = sa.func.min(DaysApart(_wanted.c.day, _offered.c.day))
    about_another = sa.and_(_wanted.c.rank == _DOCUMENT, _wanted.c.party != _offered.c.party)
    pairs = (
        sa.select(
            _wanted.c.expected_id,
            _offered.c.behavior_id,
            sa.func.min(_wanted.c.rank),
            sa.func.min(sa.case((about_another, 1), else_=0)),
            sa.func.coalesce(apart, _FAR),
        )
        .join(
            _offered,
            sa.and_(
                _offered.c.key == _wanted.c.key,
                _offered.c.rank == _wanted.c.rank,
                _offered.c.kind == _wanted.c.kind,
            ),
        )
        .group_by(_wanted.c.expected_id, _offered.c.behavior_id)
    )
    return (
        sa.insert(_offered).from_select(list(_offered.c.keys()), offered),
        sa.insert(_pair).from_select(list(_pair.c.keys()), pairs),
    )


def _choose(connection: sa.Connection) -> None:
    """Take the pairs in which each is the other's best, until none is left.

    The best pair of all is always such a pair, so every round takes some; there are as many rounds
    as candidates for one key at most.
    """
    is_left, *taking = _choosing()
    while connection.scalar(is_left):
        for statement in taking:
            connection.execute(statement)


@cache
def _choosing() -> tuple[sa.Select[bool], sa.Insert, sa.Delete]:
    p = _pair

    def place(of: sa.Column[int], by: sa.Column[int]) -> sa.ColumnElement[int]:
        nearest = [p.c.rank, p.c.other_party, p.c.apart, by]
        return sa.func.row_number().over(partition_by=of, order_by=nearest)

    placed = sa.select(
        p.c.expected_id,
        p.c.behavior_id,
        place(p.c.expected_id, p.c.behavior_id).label("among_records"),
        place(p.c.behavior_id, p.c.expected_id).label("among_expected"),
    ).subquery("placed")
    best = sa.select(placed.c.expected_id, placed.c.behavior_id).where(
        placed.c.among_records == 1, placed.c.among_expected == 1
    )
    take = sa.insert(_match).from_select(["expected_id", "behavior_id"], best)
    taken: sa.Delete = sa.delete(p).where(
        sa.or_(
            p.c.expected_id.in_(sa.select(_match.c.expected_id)),
            p.c.behavior_id.in_(sa.select(_match.c.behavior_id)),
        )
    )
    return sa.select(sa.exists().where(p.c.rank.is_not(None))), take, taken


@cache
def _writing(store: str) -> Sequence[sa.Insert | sa.Update]:
    chosen: sa.ScalarSelect[Any] = (
        sa.select(_match.c.behavior_id)
        .where(_match.c.expected_id == expected.c.id)
        .scalar_subquery()
    )
    changes = sa.and_(
        expected.c.id.in_(sa.select(asking.c.number)),
        expected.c.behavior_id.is_distinct_from(chosen),
    )
    update = sa.update(expected).values(behavior_id=chosen).where(changes)
    return queue.noting(store, expected, changes), update


def _written(columns: Iterable[sa.ColumnElement[Any]]) -> sa.ColumnElement[str]:
    """The columns as one text, to be compared with what it was before."""
    cells = (sa.func.coalesce(sa.cast(column, sa.Text), "") for column in columns)
    return reduce(lambda text, cell: text.concat("|").concat(cell), cells)


def _joined(plan_id: sa.ColumnElement[str], part: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    return plan_id.concat("|").concat(part)
