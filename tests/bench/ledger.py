"""The ledger: what a statement run costs after some departments were touched, and to explain one.

Three years of records lie in the store, spread evenly over departments and months; one in fifty
months has a draft. The months before the last are sealed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import links, making, statements
from monitor.ledger.explain import explain
from monitor.store import Store, queue
from monitor.store.tables import behavior, behavior_item, department, item, seal, to_judge, unit
from monitor.words import Kind, Status
from monitor.workdays import Month, months_between
from tests.bench.measurement import Measurement, Stopwatch
from tests.bench.places import NOW, Places
from tests.expectations.records import clean

_TOUCHED = (1, 10, 100)
_RUNS = 3
_LAST = Month(2022, 1)
_MONTHS = list(months_between(_LAST.shift(1 - statements.LONGEST), _LAST))
_MOST = 3_000
"""Departments of the largest district."""
_EACH = 9
"""Records at least that a department has in a month, before there are fewer departments."""
_ITEMS = 3
_SETTINGS = Settings()


def measure(places: Places) -> Iterator[Measurement]:
    """Make all, then what some touched departments need; seal a month; explain another."""
    departments = max(min(_MOST, places.rows // (_EACH * len(_MONTHS))), max(_TOUCHED))
    for kind in places.stores:
        with _filled(places, kind, departments) as store:
            whole = Stopwatch()
            _make(store, NOW, whole, anew=True)
            yield from _touched(store, kind, departments, whole)
            yield _sealed(store, kind)
            yield _explained(store, kind)
            yield _past(store, kind)
            yield _size(store, kind, places.rows, departments)


def _touched(store: Store, kind: str, departments: int, whole: Stopwatch) -> Iterator[Measurement]:
    """Runs after 1, 10 and 100 departments' records changed, and what each further one costs."""
    best: dict[int, float] = {}
    minutes = iter(range(1, 1_000))
    for count in _TOUCHED:
        facts, run = Stopwatch(), Stopwatch()
        for _ in range(_RUNS):
            now = NOW + timedelta(minutes=next(minutes))
            _touch(store, departments, count)
            with facts.running(), store.writing() as connection:
                links.refresh(connection, _SETTINGS, now)
                connection.execute(sa.delete(to_judge))
            _make(store, now, run)
        best[count] = run.best
        yield Measurement(
            f"statement run, {count} of {departments} departments touched",
            kind,
            "none",
            100 * run.best / whole.best,
            None,
            str(run),
            f"all made anew {whole}, facts and matches {facts}",
            unit="%",
        )
    few, many = _TOUCHED[0], _TOUCHED[-1]
    yield Measurement(
        "a further department in a statement run",
        kind,
        "none",
        1000 * (best[many] - best[few]) / (many - few),
        None,
        f"{many} {best[many]:.3f} s",
        f"{few} {best[few]:.3f} s",
        unit="ms",
    )


def _sealed(store: Store, kind: str) -> Measurement:
    """The run that seals a month; it looks back at the close of the month before the last."""
    with store.writing() as connection:
        connection.execute(sa.delete(seal).where(seal.c.month == str(_LAST.shift(-1))))
    run = Stopwatch()
    _make(store, NOW + timedelta(hours=17), run)
    return Measurement(
        "statement run that seals a month", kind, "none", run.best, None, str(run), "—", unit="s"
    )


def _explained(store: Store, kind: str) -> Measurement:
    run = Stopwatch()
    for _ in range(_RUNS):
        with run.running(), store.reading() as connection:
            explain(connection, _SETTINGS, _code(1), _LAST)
    with store.reading() as connection:
        mine = sa.select(sa.func.count()).where(unit.c.department == _code(1))
        units = connection.scalar(mine)
    return Measurement(
        "explain a department's month",
        kind,
        "none",
        1000 * run.best,
        None,
        str(run),
        f"{units} units of the department",
        unit="ms",
    )


def _past(store: Store, kind: str) -> Measurement:
    """A month of all departments as the first look left it, and as it stands."""
    then, now = Stopwatch(), Stopwatch()
    for _ in range(_RUNS):
        with store.reading() as connection:
            with now.running():
                statements.read(connection, _LAST)
            with then.running():
                statements.read(connection, _LAST, at=NOW)
    return Measurement(
        "statements of a month as they stood at first",
        kind,
        "none",
        then.best / now.best,
        None,
        str(then),
        f"as they stand {now}",
    )


def _size(store: Store, kind: str, records: int, departments: int) -> Measurement:
    size = _bytes(store)
    return Measurement(
        f"store of {records:,} records, {len(_MONTHS)} months, {departments} departments",
        kind,
        "none",
        size / records / 1024,
        None,
        f"{size / 1024**3:.2f} GiB",
        "a record",
        unit="KiB",
    )


def _make(store: Store, now: datetime, stopwatch: Stopwatch, *, anew: bool = False) -> None:
    with stopwatch.running(), store.writing() as connection:
        making.make(connection, _SETTINGS, now, anew=anew)


def _touch(store: Store, departments: int, count: int) -> None:
    """One record of this month, of so many departments, is returned, or accepted again."""
    codes = [_code(number * departments // count) for number in range(count)]
    b = behavior.c
    with store.writing() as connection:
        first = (
            sa.select(sa.func.min(b.id))
            .where(b.department.in_(codes), b.month == str(_LAST), b.status != Status.DRAFT)
            .group_by(b.department)
        )
        which = b.id.in_(list(connection.scalars(first)))
        queue.add(connection, which)
        toggled = sa.case(
            (b.status == Status.ACCEPTED, Status.RETURNED.value), else_=Status.ACCEPTED.value
        )
        connection.execute(sa.update(behavior).where(which).values(status=toggled))


@contextmanager
def _filled(places: Places, kind: str, departments: int) -> Iterator[Store]:
    """A store with the records, never looked at, all months but the last two sealed."""
    with places.store(kind) as store:
        with store.writing() as connection:
            _direct(connection, departments)
            connection.execute(sa.insert(seal), [_seal(month) for month in _MONTHS[:-1]])
        _land(store, departments, places.rows)
        with store.engine.connect() as connection:
            autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
            autocommit.exec_driver_sql("ANALYZE")
        yield store


def _code(number: int) -> str:
    """The code of a department that does not exist."""
    return f"示范{number:04}"


def _direct(connection: sa.Connection, departments: int) -> None:
    """Departments with items."""
    delivered = {"source": "own", "content_hash": "", "first_seen_at": NOW}
    connection.execute(
        sa.insert(department),
        [
            {"code": _code(n), "name": f"示范{n}局", "record_id": str(n), **delivered}
            for n in range(departments)
        ],
    )
    connection.execute(
        sa.insert(item),
        [
            {
                "item_code": f"{n}-{place}",
                "department": _code(n),
                "item_state": "01",
                "record_id": f"{n}-{place}",
                **delivered,
            }
            for n in range(departments)
            for place in range(_ITEMS)
        ],
    )


def _seal(month: Month) -> dict[str, Any]:
    return {
        "month": str(month),
        "revision": 1,
        "sealed_at": NOW,
        "document": {"statements": []},
        "hash": str(month),
    }


def _land(store: Store, departments: int, rows: int) -> None:
    """For each department and month copies of a few records under its own days and codes."""
    each = rows // (departments * len(_MONTHS))
    kinds = [kind.value for kind in Kind]
    for place in range(each):
        like = clean(kinds[place % len(Kind)], place)
        known = {c.name: like[c.name] for c in behavior.columns if like.get(c.name) is not None}
        for month in _MONTHS:
            own = _own(month, place)
            columns = {
                name: value
                if isinstance(value, sa.ColumnElement)
                else sa.literal(value, behavior.c[name].type)
                for name, value in (known | own).items()
            }
            query = sa.select(*columns.values()).select_from(department)
            with store.writing() as connection:
                connection.execute(sa.insert(behavior).from_select(list(columns), query))
    with store.writing() as connection:
        b = behavior.c
        connection.execute(
            sa.insert(behavior_item).from_select(
                ["behavior_id", "position", "item_code"],
                sa.select(b.id, sa.literal(0), b.supervise_item_code),
            )
        )


def _own(month: Month, place: int) -> dict[str, Any]:
    """What differs between departments, months and places of a record."""
    day = month.first + timedelta(days=place % 20)
    at = datetime(day.year, day.month, day.day, 2, tzinfo=UTC) + timedelta(days=1)
    mark = sa.literal(f"-{month}-{place}")
    number = department.c.record_id
    is_draft = sa.and_(
        sa.literal(place == 0), (sa.cast(number, sa.Integer) + month.number + month.year) % 50 == 0
    )
    check = sa.literal(f"-{month}-{place - place % len(Kind)}")
    follows = {"check_action_code": sa.literal("示范").concat(number).concat(check)}
    return (follows if place % len(Kind) else {}) | {
        "department": department.c.code,
        "implement_institution_code": department.c.code,
        "supervise_item_code": number.concat("-0"),
        "record_id": number.concat(mark),
        "action_code": sa.literal("示范").concat(number).concat(mark),
        "occurred_on": day,
        "submitted_at": at,
        "submitted_on": day + timedelta(days=1),
        "status_at": at,
        "first_seen_at": at,
        "first_seen_on": day + timedelta(days=1),
        "month": str(month),
        "status": sa.case((is_draft, Status.DRAFT.value), else_=Status.ACCEPTED.value),
    }


def _bytes(store: Store) -> int:
    """What the store takes on disk."""
    url = store.engine.url
    assert url.database is not None
    if url.get_backend_name() == "sqlite":
        return Path(url.database).stat().st_size
    with store.reading() as connection:
        size = connection.scalar(sa.func.pg_database_size(url.database).select())
    assert isinstance(size, int)
    return size
