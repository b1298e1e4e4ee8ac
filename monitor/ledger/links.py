"""Links (关联): the facts of a record that need other rows, made in SQL before it is judged.

Only records in `to_judge` are looked at, and only rows whose value differs are written. A rule then
reads the facts as columns of the record itself.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import attribution, matching
from monitor.ledger.days import MonthOf, SecondsAfter
from monitor.ledger.obligations import basis_on, is_live
from monitor.store import planner
from monitor.store.tables import (
    behavior,
    behavior_item,
    behavior_status,
    cursor,
    department,
    expected,
    implement_list,
    item,
    run,
    to_judge,
)
from monitor.store.upsert import insert_into
from monitor.words import Kind

_CHILD_OF = {"04": Kind.PUNISH, "05": Kind.FORCE, "06": Kind.OTHER}
"""The act that must follow a check with that result (检查结果)."""

_CURSOR_SOURCE = "ledger"

_READ = (behavior, behavior_item, behavior_status, expected, item, department, to_judge)


def refresh(connection: sa.Connection, settings: Settings, now: datetime) -> None:
    """Bring the facts of the queued records up to date, with those of the records they concern.

    Runs in the caller's transaction, before the judge empties `to_judge`. Matches every expected
    row anew.
    """
    planner.without_jit(connection)
    _queue_all_after_change(connection, settings, now)
    size = connection.scalar(sa.select(sa.func.count()).select_from(to_judge)) or 0
    planner.gather(connection, _READ, grown_by=size)
    _widen(connection)
    attribution.write(connection, settings)
    _write(connection, _duplicates())
    matching.refresh(connection, settings, now)
    _write(connection, _facts(connection, settings))


def queued() -> sa.ScalarSelect[int]:
    """The records that wait for judgement."""
    return sa.select(to_judge.c.behavior_id).scalar_subquery()


def _write(connection: sa.Connection, facts: sa.Select[Any]) -> None:
    """Set the columns that `facts` has beside the id, in the rows where one differs."""
    new = facts.subquery("new")
    names = [column.name for column in new.c if column.name != "id"]
    differs = sa.or_(*(behavior.c[name].is_distinct_from(new.c[name]) for name in names))
    connection.execute(
        sa.update(behavior)
        .values({name: new.c[name] for name in names})
        .where(behavior.c.id == new.c.id, differs)
    )


def _queue_all_after_change(connection: sa.Connection, settings: Settings, now: datetime) -> None:
    """Queue every record where the directory, the catalogue or a setting of theirs changed.

    Claimed in the transaction that judges: after a crash the change is found again.
    """
    found = _fingerprint(connection, settings)
    here = sa.and_(cursor.c.source == _CURSOR_SOURCE, cursor.c.key == "catalogue")
    if connection.scalar(sa.select(cursor.c.value).where(here)) == found:
        return
    insert = insert_into(connection, cursor).values(
        source=_CURSOR_SOURCE, key="catalogue", value=found, updated_at=now
    )
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[cursor.c.source, cursor.c.key],
            set_={"value": insert.excluded.value, "updated_at": insert.excluded.updated_at},
        )
    )
    _queue(connection, sa.select(behavior.c.id).where(is_live(behavior)))


def _fingerprint(connection: sa.Connection, settings: Settings) -> str:
    """A hash of all that facts depend on beside the records themselves."""
    rule = settings.month_zero
    digest = sha256()
    parts: list[Any] = [
        rule.attribute_to,
        str(rule.links_known_from),
        rule.proof_within.total_seconds(),
        [(source.name, source.department) for source in settings.source],
    ]
    digest.update(json.dumps(parts).encode())
    for table in (department, item, implement_list):
        columns = (table.c.source, table.c.record_id, table.c.content_hash)
        query = (
            sa.select(*columns)
            .where(table.c.deleted_at.is_(None))
            .order_by(table.c.source, table.c.record_id)
        )
        for row in connection.execute(query):
            digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


def _queue(connection: sa.Connection, ids: sa.Select[Any]) -> None:
    insert = insert_into(connection, to_judge).from_select(["behavior_id"], ids)
    connection.execute(insert.on_conflict_do_nothing())


def _widen(connection: sa.Connection) -> None:
    """Queue the records whose facts depend on queued ones, or on what those were before."""
    b, other = behavior, behavior.alias("other")
    of_queued = b.c.id.in_(queued())
    children = sa.select(b.c.action_code).where(of_queued, b.c.kind == Kind.CHECK)
    parents = sa.select(b.c.check_action_code).where(of_queued, b.c.kind != Kind.CHECK)
    _queue(connection, sa.select(other.c.id).where(other.c.check_action_code.in_(children)))
    _queue(
        connection,
        sa.select(other.c.id).where(other.c.kind == Kind.CHECK, other.c.action_code.in_(parents)),
    )
    lost_check = sa.and_(b.c.link_state == "linked", sa.not_(_has_check(b)))
    lost_child = sa.and_(b.c.link_state == "child_linked", sa.not_(_has_child(b)))
    lost_original = b.c.duplicate_of.in_(queued())
    _queue(connection, sa.select(b.c.id).where(sa.or_(lost_check, lost_child, lost_original)))
    keys = sa.select(b.c.kind, b.c.action_code).where(of_queued).distinct().subquery("keys")
    _queue(
        connection,
        sa.select(other.c.id)
        .join(keys, sa.and_(keys.c.kind == other.c.kind, keys.c.action_code == other.c.action_code))
        .where(sa.true()),
    )


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


def _duplicates() -> sa.Select[Any]:
    """Of live records with one business key in a department the first landed is the obligation."""
    b = behavior
    codes = sa.select(b.c.action_code).where(b.c.id.in_(queued()))
    first = sa.func.first_value(b.c.id).over(
        partition_by=[b.c.kind, b.c.department, b.c.action_code],
        order_by=[b.c.first_seen_at, b.c.id],
    )
    ranked = (
        sa.select(b.c.id, first.label("first"))
        .where(is_live(b), b.c.action_code.in_(codes))
        .subquery("ranked")
    )
    return (
        sa.select(b.c.id, sa.case((ranked.c.first != b.c.id, ranked.c.first)).label("duplicate_of"))
        .select_from(b.outerjoin(ranked, ranked.c.id == b.c.id))
        .where(b.c.id.in_(queued()))
    )


def _facts(connection: sa.Connection, settings: Settings) -> sa.Select[Any]:
    """The other facts of the queued records, and of those that borrow their day from a match."""
    b, e = behavior, expected
    matched = sa.and_(e.c.behavior_id == b.c.id, e.c.deleted_at.is_(None))
    borrows = sa.or_(b.c.occurred_on.is_(None), b.c.occurred_on > b.c.first_seen_on)
    wanted = sa.or_(b.c.id.in_(queued()), borrows)
    worst = _worst_items(wanted)
    has_catalogue = connection.scalar(sa.select(sa.exists().where(item.c.deleted_at.is_(None))))
    words: Mapping[int, str] = {0: "in_use", 1: "not_in_use", 2: "unknown"}
    item_state: sa.ColumnElement[str] = (
        sa.case(words, value=worst.c.state, else_="blank")
        if has_catalogue
        else sa.literal("no_catalogue")
    )
    return (
        sa.select(
            b.c.id,
            MonthOf(basis_on(b, e.c.due_basis_on)).label("month"),
            item_state.label("item_state_on_day"),
            _link_state(settings).label("link_state"),
            _is_unproven(settings).label("submission_unproven"),
        )
        .select_from(b.outerjoin(e, matched).outerjoin(worst, worst.c.id == b.c.id))
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


def _link_state(settings: Settings) -> sa.Case[str]:
    """Where the link between a check and the act that follows from it stands."""
    b = behavior
    from_check = sa.or_(b.c.kind != Kind.PUNISH, b.c.case_source == "01")
    is_check = b.c.kind == Kind.CHECK
    blank = b.c.check_action_code.is_(None)
    known_from = settings.month_zero.links_known_from
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


def _is_unproven(settings: Settings) -> sa.ColumnElement[bool]:
    """Whether a submission lies further back than we can have missed it.

    A source's first full pull proves nothing: it brings records of any age.
    """
    b = behavior
    pulled_before = sa.exists().where(
        run.c.job == "pull",
        run.c.source == b.c.source,
        run.c.outcome == "ok",
        run.c.finished_at < b.c.first_submitted_seen_at,
    )
    by_day = sa.case((b.c.submitted_by_day, timedelta(days=1).total_seconds()), else_=0.0)
    late = (
        SecondsAfter(b.c.first_submitted_seen_at, b.c.submitted_at) - by_day
        > settings.month_zero.proof_within.total_seconds()
    )
    return sa.func.coalesce(sa.and_(late, pulled_before), sa.false())
