"""Concerned (牵连): what hangs together with changed rows by the keys that matching goes by.

Records and expected rows that share keys form groups; a match depends on its group alone. Starting
from what changed, each round adds the rows that share a key with those of the round before.
"""

from collections.abc import Iterator, Sequence
from functools import cache

import sqlalchemy as sa

from monitor.ledger import scratch
from monitor.store import planner
from monitor.store.tables import behavior, expected, to_judge, to_match
from monitor.store.types import Id
from monitor.store.upsert import insert_on

asking = scratch.table(
    "ledger_asking",  # expected rows that are to be matched anew
    sa.Column("number", Id, primary_key=True, autoincrement=False),
    sa.Column("round", sa.Integer),
)
offering = scratch.table(
    "ledger_offering",  # records that may answer one of them
    sa.Column("number", Id, primary_key=True, autoincrement=False),
    sa.Column("round", sa.Integer),
)


def find(connection: sa.Connection) -> bool:
    """Fill `asking` and `offering`, which must be there; says whether any row asks.

    As many rounds as a group is deep: one or two, but for chains of rows that want each other's
    records.
    """
    store = connection.dialect.name
    for insert in _beginning(store):
        connection.execute(insert, {"round": 0})
    planner.look_over(connection, asking, offering)
    number = 0
    while _grows(connection, number):
        number += 1
    return bool(connection.scalar(sa.select(sa.exists().where(asking.c.number.is_not(None)))))


@cache
def _beginning(store: str) -> Sequence[sa.Insert]:
    """What changed: rows and records in the queues, with those that they are matched with."""
    e = expected
    judged = sa.select(to_judge.c.behavior_id)
    partners = sa.select(e.c.behavior_id).where(
        e.c.id.in_(sa.select(asking.c.number)), e.c.behavior_id.is_not(None)
    )
    return [
        _adding(store, offering, judged),
        _adding(store, asking, sa.select(to_match.c.expected_id)),
        _adding(store, asking, sa.select(e.c.id).where(e.c.behavior_id.in_(judged))),
        _adding(store, offering, partners),
    ]


def _grows(connection: sa.Connection, number: int) -> bool:
    """Add what shares a key with the rows of round `number`; says whether any was added."""
    options, rounds = {"preserve_rowcount": True}, {"round": number + 1, "before": number}
    added = [
        connection.execute(insert, rounds, execution_options=options).rowcount
        for insert in _growing(connection.dialect.name)
    ]
    return sum(added) > 0


@cache
def _growing(store: str) -> Sequence[sa.Insert]:
    e, b = expected, behavior
    before = sa.bindparam("before", type_=sa.Integer())
    of_record = sa.select(offering.c.number).where(offering.c.round == before)
    of_row = sa.select(asking.c.number).where(asking.c.round == before)
    inserts = []
    for shared in _shared():
        rows = sa.select(e.c.id).join(b, shared).where(b.c.id.in_(of_record))
        records = sa.select(b.c.id).join(e, shared).where(e.c.id.in_(of_row))
        inserts += [_adding(store, asking, rows), _adding(store, offering, records)]
    return inserts


def _shared() -> Iterator[sa.ColumnElement[bool]]:
    """Whether an expected row and a record share a key, one condition for each way to match."""
    e, b = expected.c, behavior.c
    kind = e.kind == b.kind
    of_plan = e.plan_id == b.plan_id
    yield sa.and_(kind, e.action_code == b.action_code)
    yield sa.and_(kind, e.document_key == b.document_key)
    yield sa.and_(kind, of_plan, e.object_id == b.party_id)
    yield sa.and_(kind, of_plan, e.party_name.in_([b.party_name, b.object_name]))


def _adding(store: str, table: sa.Table, rows: sa.Select[int]) -> sa.Insert:
    """To add rows of a `round` that are not there yet."""
    found = rows.subquery("found")
    number = sa.bindparam("round", type_=sa.Integer())
    numbered = sa.select(found.c[0], number).distinct().where(sa.true())
    insert = insert_on(store, table).from_select(["number", "round"], numbered)
    return insert.on_conflict_do_nothing()
