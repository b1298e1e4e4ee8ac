"""Reach (波及): which records a change concerns beside those that changed themselves.

A record's facts depend on the records that it is linked with, on those of its business key, on its
items, on the list of its institution and on the departments that might be its own. Whichever of
them changes, it is queued, and nothing else is. The calendar moves no fact: limits are counted when
statements are made.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import attribution, lists, scratch
from monitor.ledger.obligations import is_live
from monitor.store import planner, queue
from monitor.store.tables import (
    behavior,
    behavior_item,
    cursor,
    department,
    item,
    judged_by,
    to_judge,
)
from monitor.store.upsert import insert_into
from monitor.words import Feed, Kind

_entry = scratch.table(
    "ledger_entry",
    sa.Column("feed", sa.Text),
    sa.Column("code", sa.Text),
    sa.Column("content", sa.Text),
)
_changed = scratch.table(
    "ledger_changed",
    sa.Column("feed", sa.Text),
    sa.Column("code", sa.Text),
    sa.Column("content", sa.Text),
)
_mine = behavior.alias("mine")
"""The queued records as they are."""

_OWNER = "item_owner"
"""What stands for a feed where an entry says of an item whose it is, and nothing else."""

_SETTINGS = ("ledger", "settings")
"""Source and key of the cursor that holds what facts took from the settings."""


def queue_all(connection: sa.Connection) -> None:
    """Queue every record, those that are gone too: their findings go."""
    queue.add(connection, sa.true())


def queue_after_change(connection: sa.Connection, settings: Settings, now: datetime) -> bool:
    """Queue what the entries of catalogue and directory, or settings, that changed may concern.

    Changed since they were last looked at, whoever changed them; says whether any did. What they
    are now is noted in the transaction that judges: after a crash the change is found again.

    To be called once what landed is widened: an entry says nothing of the records linked with
    those that it concerns, unless it may give these to another department.
    """
    with scratch.made(connection, _entry, _changed):
        _compare(connection)
        changed = connection.scalar(sa.select(sa.exists().where(_changed.c.code.is_not(None))))
        if changed:
            if _catalogue_came_or_went(connection):
                queue.add(connection, is_live(behavior))
            else:
                queue.add(connection, sa.and_(is_live(behavior), _concerned(connection, settings)))
                if connection.scalar(_may_give_away()):
                    planner.look_over(connection, to_judge)
                    _widen_by_department(connection)
            _note_entries(connection)
    return _queue_after_settings(connection, settings, now) or bool(changed)


def widen(connection: sa.Connection) -> None:
    """Queue the records whose facts depend on queued ones, or on what those were before.

    The checks that acts name go last: nothing depends on their facts that isn't queued by then.
    """
    _widen_by_department(connection)
    for insert in _widening_to_checks(connection.dialect.name):
        connection.execute(insert)


def _widen_by_department(connection: sa.Connection) -> None:
    """Queue the records that depend on whose the queued ones are.

    These are the acts that inherit the department of their check, and what has a queued record's
    business key.
    """
    for insert in _widening_by_department(connection.dialect.name):
        connection.execute(insert)


@cache
def _widening_by_department(store: str) -> Sequence[sa.Insert]:
    b = behavior.c

    def wanted() -> Iterator[sa.ColumnElement[bool]]:
        for table in (_mine, to_judge):
            of_checks = _of_queued(table.c.action_code).where(attribution.is_check(_mine))
            yield b.check_action_code.in_(of_checks)
        for table in (_mine, to_judge):
            yield sa.tuple_(b.kind, b.action_code).in_(
                _of_queued(_mine.c.kind, table.c.action_code)
            )

    return [queue.adding(store, which) for which in wanted()]


@cache
def _widening_to_checks(store: str) -> Sequence[sa.Insert]:
    b = behavior.c

    def wanted() -> Iterator[sa.ColumnElement[bool]]:
        for table in (_mine, to_judge):
            of_acts = _of_queued(table.c.check_action_code).where(_mine.c.kind != Kind.CHECK)
            yield sa.and_(b.kind == Kind.CHECK, b.action_code.in_(of_acts))

    return [queue.adding(store, which) for which in wanted()]


def _of_queued(*keys: sa.ColumnElement[Any]) -> sa.Select[*tuple[Any, ...]]:
    """Keys of the queued records: as they are (`_mine`), or as they were when last judged.

    To be asked for one by one: SQLite finds nothing by an index in a union of them.
    """
    queued = to_judge.join(_mine, _mine.c.id == to_judge.c.behavior_id)
    # said again of the records, else SQLite goes through all of them
    is_queued = _mine.c.id.in_(sa.select(to_judge.c.behavior_id))
    return sa.select(*keys).select_from(queued).where(is_queued)


def _compare(connection: sa.Connection) -> None:
    """List the entries as they are now, and those that were not there before or are no more."""
    for insert in _comparing():
        connection.execute(insert)


@cache
def _comparing() -> Sequence[sa.Insert]:
    names = ["feed", "code", "content"]
    now, before = (sa.select(*(table.c[name] for name in names)) for table in (_entry, judged_by))
    differences = (sa.except_(now, before), sa.except_(before, now))
    return [
        sa.insert(_entry).from_select(names, _entries()),
        *(sa.insert(_changed).from_select(names, each) for each in differences),
    ]


def _entries() -> sa.CompoundSelect[Any]:
    """What facts take from an entry: of an item its owner and its days, of a department its codes.

    Of an entry of a list they take whose it is. What else an entry says (a name, a level, when it
    is in scope) concerns no record. Whose an item is stands there once more by itself, so that it
    shows where that changes.
    """
    days = (item.c.in_use_from, item.c.in_use_to)
    content = [sa.func.coalesce(item.c.department, ""), sa.func.coalesce(item.c.item_state, "")]
    content += [sa.func.coalesce(sa.cast(day, sa.Text), "") for day in days]
    joined: sa.ColumnElement[str] = content[0]
    for part in content[1:]:
        joined = joined.concat("|").concat(part)
    items = sa.select(
        sa.literal(Feed.ITEM.value).label("feed"),
        item.c.item_code.label("code"),
        joined.label("content"),
    ).where(item.c.deleted_at.is_(None))
    owners = sa.select(sa.literal(_OWNER), item.c.item_code, content[0]).where(
        item.c.deleted_at.is_(None)
    )
    departments = sa.select(
        sa.literal(Feed.DEPARTMENT.value),
        department.c.code,
        sa.func.coalesce(department.c.local_code, ""),
    ).where(department.c.deleted_at.is_(None))
    entry = lists.entries().subquery("entry")
    listed = sa.select(sa.literal(Feed.IMPLEMENT_LIST.value), entry.c.code, entry.c.owner)
    return items.union(owners, departments, listed)


def _note_entries(connection: sa.Connection) -> None:
    """Remember the entries as they are now; only what changed is written."""
    gone = sa.exists().where(
        *(_changed.c[c] == judged_by.c[c] for c in ("feed", "code", "content"))
    )
    connection.execute(sa.delete(judged_by).where(gone))
    names = ["feed", "code", "content"]
    new = sa.intersect(
        sa.select(*(_changed.c[name] for name in names)),
        sa.select(*(_entry.c[name] for name in names)),
    )
    connection.execute(sa.insert(judged_by).from_select(names, new))


def _concerned(connection: sa.Connection, settings: Settings) -> sa.ColumnElement[bool]:
    """The records that one of the changed entries may concern."""
    items = sa.select(_changed.c.code).where(_changed.c.feed == Feed.ITEM.value)
    codes = _departments_that_came_or_went()
    owned = sa.select(item.c.item_code).where(item.c.department.in_(codes))
    with_item = sa.select(behavior_item.c.behavior_id).where(
        behavior_item.c.item_code.in_(sa.union(items, owned))
    )
    concerned: list[sa.ColumnElement[bool]] = [behavior.c.id.in_(with_item)]
    concerned += _candidates_of(codes, set(connection.scalars(codes)), settings)
    of_lists = _changed.c.feed == Feed.IMPLEMENT_LIST.value
    if connection.scalar(sa.select(sa.exists().where(of_lists))):
        concerned += _held_against_lists()
    return sa.or_(*concerned)


@cache
def _may_give_away() -> sa.Select[bool]:
    """Whether a changed entry may give records to another department.

    Those of departments may, and those that say whose an item is; of an item that several own in
    turn the days may too.
    """
    feed, entry = _changed.c.feed, _entry.c
    shared = (
        sa.select(entry.code)
        .where(entry.feed == _OWNER)
        .group_by(entry.code)
        .having(sa.func.count() > 1)
    )
    moved = sa.or_(
        feed.in_([Feed.DEPARTMENT.value, _OWNER]),
        sa.and_(feed == Feed.ITEM.value, _changed.c.code.in_(shared)),
    )
    return sa.select(sa.exists().where(moved))


def _departments_that_came_or_went() -> sa.Select[str]:
    """The codes that there were none of before or are none of now.

    Those of which only the local code (部门编码) is another are not among them.
    """

    def told(table: sa.Table) -> sa.Select[str]:
        return sa.select(table.c.code).where(table.c.feed == Feed.DEPARTMENT.value)

    code = _changed.c.code
    return told(_changed).where(sa.or_(code.not_in(told(_entry)), code.not_in(told(judged_by))))


def _candidates_of(
    codes: sa.Select[str], came_or_went: Collection[str], settings: Settings
) -> Iterator[sa.ColumnElement[bool]]:
    """The records that name one of the departments in any of the ways that attribution knows.

    Local codes are those of every department that changed.
    """
    b = behavior.c
    local_codes = sa.select(_changed.c.content).where(
        _changed.c.feed == Feed.DEPARTMENT.value, _changed.c.content != ""
    )
    yield b.implement_institution_code.in_(codes)
    yield sa.func.substr(b.implement_list_code, 1, attribution.CODE_LENGTH).in_(codes)
    yield b.cd_source.in_(sa.union(codes, local_codes))
    if settings.month_zero.attribute_to == "entrusted":
        yield b.entrust_dept_code.in_(codes)
    sources = [each.name for each in settings.source if each.department in came_or_went]
    if sources:
        yield b.source.in_(sources)


def _held_against_lists() -> Iterator[sa.ColumnElement[bool]]:
    """The records whose codes a changed entry may list, or whose list came or went as a whole."""

    def told(table: sa.Table, column: str = "content") -> sa.Select[Any]:
        return sa.select(table.c[column]).where(table.c.feed == Feed.IMPLEMENT_LIST.value)

    owner = _changed.c.content
    whole = told(_changed).where(sa.or_(owner.not_in(told(_entry)), owner.not_in(told(judged_by))))
    yield from lists.held_against(told(_changed), told(_changed, "code"), whole)


def _catalogue_came_or_went(connection: sa.Connection) -> bool:
    """Whether there was no catalogue before or is none now: then all items count anew."""
    there = [
        connection.scalar(sa.select(sa.exists().where(table.c.feed == Feed.ITEM.value)))
        for table in (_entry, judged_by)
    ]
    return there[0] != there[1]


def _queue_after_settings(connection: sa.Connection, settings: Settings, now: datetime) -> bool:
    found = _of_settings(settings) | {"called": _called(connection)}
    here = (cursor.c.source == _SETTINGS[0], cursor.c.key == _SETTINGS[1])
    noted = connection.scalar(sa.select(cursor.c.value).where(*here))
    if noted == (value := json.dumps(found, sort_keys=True)):
        return False
    before: Mapping[str, Any] = json.loads(noted) if noted else {}
    concerned = list(_concerned_by_settings(before, found))
    if concerned:
        queue.add(connection, sa.and_(is_live(behavior), sa.or_(*concerned)))
    # at the first check of a store all is queued
    if before and any(before.get(name) != found[name] for name in ("attribute_to", "departments")):
        _widen_by_department(connection)
    insert = insert_into(connection, cursor).values(
        source=_SETTINGS[0], key=_SETTINGS[1], value=value, updated_at=now
    )
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[cursor.c.source, cursor.c.key],
            set_={"value": insert.excluded.value, "updated_at": insert.excluded.updated_at},
        )
    )
    return True


def _called(connection: sa.Connection) -> str:
    """A digest of what departments are called: expected rows may name their owner by it."""
    rows = [tuple(row) for row in connection.execute(_asking_what_they_are_called())]
    return sha256(json.dumps(rows).encode()).hexdigest()


@cache
def _asking_what_they_are_called() -> sa.Select[Any, Any]:
    called = attribution.named()
    return sa.select(called.c.name, called.c.code).order_by(called.c.name)


def _of_settings(settings: Settings) -> dict[str, Any]:
    """What facts take from the settings."""
    rule = settings.month_zero
    return {
        "attribute_to": rule.attribute_to,
        "links_known_from": str(rule.links_known_from),
        "proof_within": rule.proof_within.total_seconds(),
        "departments": {each.name: each.department for each in settings.source if each.department},
    }


def _concerned_by_settings(
    before: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[sa.ColumnElement[bool]]:
    """The records that each setting that is not what it was may concern."""
    b = behavior
    if before.get("attribute_to") != now["attribute_to"]:
        yield b.c.entrust_dept_code.is_not(None)
    if before.get("links_known_from") != now["links_known_from"]:
        yield b.c.link_state.in_(["not_found", "before_store"])
    if before.get("proof_within") != now["proof_within"]:
        yield b.c.first_submitted_seen_at.is_not(None)
    old, new = before.get("departments", {}), now["departments"]
    renamed = [name for name in {*old, *new} if old.get(name) != new.get(name)]
    if renamed:
        yield b.c.source.in_(sorted(renamed))
