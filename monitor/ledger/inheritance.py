"""Inheritance (承接明细): whose units a department carries, from when on, and why it is they."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from monitor.ledger.succession import Succession
from monitor.store.tables import asked, behavior, expected
from monitor.words import Word


class Choice(Word):
    """Why it is this department that took units over."""

    ONLY = "only_successor", "唯一承接部门"
    ITEM = "owner_of_item", "当日事项的责任部门"
    FIRST = "first_named", "首列承接部门，或当日事项的责任部门"


@dataclass(frozen=True, slots=True)
class Inherited:
    """Uncleared units that were those of `department`, which ended, and then of those between."""

    department: str
    through: tuple[str, ...]
    since: date
    choice: str
    zh: str
    count: int


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What a department carries for others, and who carries what it leaves, from when on."""

    taken: tuple[Inherited, ...] = ()
    passed_on: Mapping[str, date] | None = None


def read(
    connection: sa.Connection,
    of: sa.Subquery,
    department: str,
    month: str,
    following: Succession,
    today: date,
) -> Inheritance:
    """The inheritance of a department in a statement month, by its units `of` that month."""
    passed_on = following.followers(department, today)
    before = {code for code, heir in following.lines(today) if heir == department}
    if not before:
        return Inheritance((), passed_on or None)
    owner = sa.func.coalesce(behavior.c.department, asked(expected))
    query = (
        sa.select(owner, sa.func.count())
        .select_from(
            of.outerjoin(behavior, behavior.c.id == of.c.behavior_id).outerjoin(
                expected, expected.c.id == of.c.expected_id
            )
        )
        .where(of.c.reason.is_not(None), of.c.month <= month, owner.in_(before))
        .group_by(owner)
        .order_by(owner)
    )
    taken = tuple(
        _inherited(code, department, count, following, today)
        for code, count in connection.execute(query)
    )
    return Inheritance(taken, passed_on or None)


def _inherited(code: str, heir: str, count: int, following: Succession, today: date) -> Inherited:
    way, since = following.way(code, heir, today)
    successors = following.endings[way[-1]].successors
    choice = Choice.FIRST if heir == successors[0] else Choice.ITEM
    if len(successors) == 1:
        choice = Choice.ONLY
    return Inherited(code, way[1:], since, choice.value, choice.zh, count)
