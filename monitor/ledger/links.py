"""Links (关联): the facts of a record that need other rows, made in SQL before it is judged.

Only records in `to_judge` are looked at, and only rows whose value differs are written. A rule then
reads the facts as columns of the record itself.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa

from monitor.config import MonthZeroSettings, Settings
from monitor.ledger import attribution, lists, matching, reach
from monitor.ledger.days import MonthOf, SecondsAfter
from monitor.ledger.obligations import basis_on, is_live
from monitor.store import bulk, planner, queue
from monitor.store.tables import (
    behavior,
    behavior_item,
    behavior_status,
    borrows_day,
    department,
    expected,
    implement_list,
    item,
    run,
    to_judge,
)
from monitor.words import Kind

_CHILD_OF = {"04": Kind.PUNISH, "05": Kind.FORCE, "06": Kind.OTHER}
"""The act that must follow a check with that result (检查结果)."""

_READ = (
    behavior,
    behavior_item,
    behavior_status,
    expected,
    item,
    implement_list,
    department,
)


def refresh(
    connection: sa.Connection, settings: Settings, now: datetime, *, everything: bool = False
) -> None:
    """Bring the facts of the queued records up to date, with those of the records they concern.

    Runs in the caller's transaction, before the judge empties `to_judge`; what it will judge is
    noted in `to_count`. Expected rows are matched where they or records changed. With `everything`
    every record and every expected row is queued first.
    """
    planner.without_jit(connection)
    if everything:
        reach.queue_all(connection)
        queue.note(connection, expected, sa.true())
    size = connection.scalar(sa.select(sa.func.count()).select_from(to_judge)) or 0
    planner.gather(connection, _READ, grown_by=size)
    # what is known of its size may be that of a bulk load: all records would be read for a few
    planner.look_over(connection, to_judge)
    reach.widen(connection)
    changed = reach.queue_after_change(connection, settings, now)
    planner.look_over(connection, to_judge)
    attribution.write(connection, settings)
    connection.execute(_writing_duplicates())
    matching.refresh(connection, settings, now, owners_changed=changed or everything)
    _queue_moved(connection)
    has_catalogue, has_lists = (
        bool(connection.scalar(sa.select(sa.exists().where(table.c.deleted_at.is_(None)))))
        for table in (item, implement_list)
    )
    connection.execute(_writing_facts(settings.month_zero, has_catalogue, has_lists))
    queue.count_judged(connection)


def queued() -> sa.ScalarSelect[int]:
    """The records that wait for judgement."""
    return sa.select(to_judge.c.behavior_id).scalar_subquery()


def _writing(facts: sa.Select[Any]) -> sa.Update:
    """To set the columns that `facts` has beside the id, in the rows where one differs."""
    new = facts.subquery("new")
    names = [column.name for column in new.c if column.name != "id"]
    differs = sa.or_(*(behavior.c[name].is_distinct_from(new.c[name]) for name in names))
    return (
        sa.update(behavior)
        .values({name: new.c[name] for name in names})
        .where(behavior.c.id == new.c.id, differs)
    )


def _queue_moved(connection: sa.Connection) -> None:
    """Queue the records without a credible day that another match moves to another month."""
    with planner.by_index(connection):
        moved = connection.scalars(_moved()).all()
    if moved:
        queue.add(connection, bulk.one_of(connection, behavior.c.id, moved))


@cache
def _moved() -> sa.Select[int]:
    """Their numbers. The expected row is looked up for each: how few they are no planner knows."""
    b, e = behavior.alias("lent"), expected
    due_basis_on = (
        sa.select(sa.func.min(e.c.due_basis_on))
        .where(e.c.behavior_id == b.c.id, e.c.deleted_at.is_(None))
        .scalar_subquery()
    )
    month = MonthOf(basis_on(b, due_basis_on))
    return sa.select(b.c.id).where(borrows_day(b), is_live(b), b.c.month.is_distinct_from(month))


def _has_check(child: sa.FromClause) -> sa.Exists:
    check = behavior.alias("its_check")
    return sa.exists().where(
        check.c.kind == Kind.CHECK, check.c.action_code == child.c.check_action_code, is_live(check)
    )


def _has_child(check: sa.FromClause) -> sa.Exists:
    child = behavior.alias("its_child")
    fits = sa.or_(
        *(
            sa.and_(check.c.check_result == result, child.c.kind == kind)
            for result, kind in _CHILD_OF.items()
        )
    )
    return sa.exists().where(child.c.check_action_code == check.c.action_code, fits, is_live(child))


@cache
def _writing_duplicates() -> sa.Update:
    """Of live records with one business key in a department the first landed is the obligation."""
    b = behavior
    keys = sa.select(b.c.kind, b.c.action_code).where(b.c.id.in_(queued()))
    first = sa.func.first_value(b.c.id).over(
        partition_by=[b.c.kind, b.c.department, b.c.action_code],
        order_by=[b.c.first_seen_at, b.c.id],
    )
    ranked = (
        sa.select(b.c.id, first.label("first"))
        .where(is_live(b), sa.tuple_(b.c.kind, b.c.action_code).in_(keys))
        .subquery("ranked")
    )
    return _writing(
        sa.select(b.c.id, sa.case((ranked.c.first != b.c.id, ranked.c.first)).label("duplicate_of"))
        .select_from(b.outerjoin(ranked, ranked.c.id == b.c.id))
        .where(b.c.id.in_(queued()))
    )


@lru_cache(maxsize=32)
def _writing_facts(
    month_zero: MonthZeroSettings, has_catalogue: bool, has_lists: bool
) -> sa.Update:
    """The other facts of the queued records."""
    b, e = behavior, expected
    matched = sa.and_(e.c.behavior_id == b.c.id, e.c.deleted_at.is_(None))
    wanted = b.c.id.in_(queued())
    worst = _worst_items(wanted)
    read = b.outerjoin(e, matched).outerjoin(worst, worst.c.id == b.c.id)
    words: Mapping[int, str] = {0: "in_use", 1: "not_in_use", 2: "unknown"}
    item_state: sa.ColumnElement[str] = (
        sa.case(words, value=worst.c.state, else_="blank")
        if has_catalogue
        else sa.literal("no_catalogue")
    )
    list_state: sa.ColumnElement[Any] = sa.null()
    if has_lists:
        listed = lists.states(wanted)
        read = read.outerjoin(listed, listed.c.id == b.c.id)
        list_state = listed.c.state
    return _writing(
        sa.select(
            b.c.id,
            MonthOf(basis_on(b, e.c.due_basis_on)).label("month"),
            item_state.label("item_state_on_day"),
            list_state.label("implement_list_state"),
            _link_state(month_zero).label("link_state"),
            _is_unproven(month_zero).label("submission_unproven"),
        )
        .select_from(read)
        .where(wanted)
    )


def _worst_items(wanted: sa.ColumnElement[bool]) -> sa.Subquery:
    """The state of a record's item codes on its day; of several codes the worst."""
    b = behavior
    in_use = sa.case((in_use_on(basis_on(b, sa.null())), 1), else_=0)
    state_of_code = sa.case(
        (sa.func.max(in_use) == 1, 0), (sa.func.count(item.c.id) > 0, 1), else_=2
    )
    of_code = sa.and_(item.c.item_code == behavior_item.c.item_code, item.c.deleted_at.is_(None))
    by_code = (
        sa.select(b.c.id, state_of_code.label("state"))
        .select_from(
            b.join(behavior_item, behavior_item.c.behavior_id == b.c.id).outerjoin(item, of_code)
        )
        .where(wanted)
        .group_by(b.c.id, behavior_item.c.position)
        .subquery("by_code")
    )
    return (
        sa.select(by_code.c.id, sa.func.max(by_code.c.state).label("state"))
        .group_by(by_code.c.id)
        .subquery("worst")
    )


def in_use_on(day: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether an item may be acted on on `day`: begun, and not ended, or without an end in use."""
    return sa.and_(
        sa.or_(item.c.in_use_from.is_(None), item.c.in_use_from <= day),
        sa.case(
            (item.c.in_use_to.is_not(None), item.c.in_use_to >= day),
            else_=sa.func.coalesce(item.c.item_state, "") == "01",
        ),
    )


def _link_state(month_zero: MonthZeroSettings) -> sa.Case[str]:
    """Where the link between a check and the act that follows from it stands."""
    b = behavior
    from_check = sa.or_(b.c.kind != Kind.PUNISH, b.c.case_source == "01")
    is_check = b.c.kind == Kind.CHECK
    blank = b.c.check_action_code.is_(None)
    known_from = month_zero.links_known_from
    before_store = (
        sa.false() if known_from is None else basis_on(b, sa.null()) < sa.literal(known_from)
    )
    return sa.case(
        (sa.and_(is_check, b.c.check_result.in_(list(_CHILD_OF)), _has_child(b)), "child_linked"),
        (sa.and_(is_check, b.c.check_result.in_(list(_CHILD_OF))), "child_missing"),
        (is_check, "not_needed"),
        (sa.and_(blank, from_check), "blank"),
        (blank, "not_needed"),
        (_has_check(b), "linked"),
        (before_store, "before_store"),
        else_="not_found",
    )


def _is_unproven(month_zero: MonthZeroSettings) -> sa.ColumnElement[bool]:
    """Whether a whole pull should have brought the record as submitted, and didn't.

    A source's first pull proves nothing, nor does one after a long downtime: both bring records
    that nobody can have seen before.
    """
    b = behavior
    by_day = sa.case((b.c.submitted_by_day, timedelta(days=1).total_seconds()), else_=0.0)

    def long_after(instant: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        limit = month_zero.proof_within.total_seconds()
        return SecondsAfter(instant, b.c.submitted_at) - by_day > limit

    missed_it = sa.exists().where(
        run.c.job == "pull",
        run.c.source == b.c.source,
        run.c.outcome == "ok",
        run.c.started_at > b.c.submitted_at,  # for the index
        run.c.finished_at < b.c.first_submitted_seen_at,
        long_after(run.c.started_at),
    )
    # Most records were seen soon: they need no look at the pulls.
    unproven = sa.and_(long_after(b.c.first_submitted_seen_at), missed_it)
    return sa.func.coalesce(unproven, sa.false())
