"""The check as a whole: what it sees of pulls that overlap, and how many statements it takes."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from jobs.check import check
from jobs.recount import recount
from monitor.config import FilesSource, RulesSettings, Settings
from monitor.store import Store
from monitor.store.tables import behavior, department, item, to_judge
from monitor.words import Kind
from tests.expectations.records import clean, found, land
from tests.expectations.test_own_suites import META
from tests.expectations.test_own_suites import write as own_suite
from tests.sources.deliveries import check_row, files, pulled, write_csv

STARTS_RIGHT: dict[str, Any] = {
    "type": "expect_column_values_to_match_regex",
    "kwargs": {"column": "party_name", "regex": "^示范"},
    "severity": "warning",
}


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """The statements that the store is sent meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(store.engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(store.engine, "before_cursor_execute", note)


def direct(store: Store, departments: int) -> None:
    """Put departments into the directory, each with an item."""
    seen = {"content_hash": "0", "first_seen_at": datetime.fromisoformat("2022-01-01T00:00Z")}
    with store.writing() as connection:
        connection.execute(
            sa.insert(department),
            [
                {
                    "code": code(n),
                    "name": f"示范{n}局",
                    "source": "own",
                    "record_id": str(n),
                    **seen,
                }
                for n in range(departments)
            ],
        )
        connection.execute(
            sa.insert(item),
            [
                {
                    "item_code": f"{n:014}",
                    "department": code(n),
                    "item_state": "01",
                    "source": "own",
                    "record_id": str(n),
                    **seen,
                }
                for n in range(departments)
            ],
        )


def code(number: int) -> str:
    """The code of a department that does not exist."""
    return f"示范{number:04}"


def deliver(store: Store, first: int, records: int, departments: int) -> None:
    """Land records of every kind, one in five with a fault."""
    kinds = [kind.value for kind in Kind]
    with store.writing() as connection:
        land(
            connection,
            *(
                clean(
                    kinds[n % 4],
                    n,
                    implement_institution_code=code(n % departments),
                    **({"party_name": None} if n % 5 == 0 else {}),
                )
                for n in range(first, first + records)
            ),
        )


def test_the_number_of_statements_depends_neither_on_departments_nor_on_records(
    store: Store, now: datetime
) -> None:
    settings = Settings()
    direct(store, departments=60)
    for first in (0, 1_000):  # the first finds tables without statistics, and rules not judged yet
        deliver(store, first, records=240, departments=60)
        check(store, settings, now)
    counts = []
    for round_, (records, departments) in enumerate([(12, 2), (12, 60), (1000, 2), (1000, 60)]):
        deliver(store, first=10_000 * (round_ + 1), records=records, departments=departments)
        with counted(store) as sent:
            report = check(store, settings, now)
        assert report.judged == records
        counts.append(len(sent))
    assert len(set(counts)) == 1


def test_own_rules_add_a_fixed_number_of_statements_however_many_they_are(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    settings = Settings(rules=RulesSettings(suites=tmp_path))
    direct(store, departments=2)

    def statements(rules: int, round_: int, records: int = 12) -> int:
        names = [f"check.party_name.own_{number}" for number in range(rules)]
        own_suite(tmp_path, *({**STARTS_RIGHT, "meta": META | {"id": name}} for name in names))
        deliver(store, first=1_000 * round_, records=records, departments=2)
        with counted(store) as sent:
            check(store, settings, now)
        return len(sent)

    for round_ in range(2):  # the first finds tables without statistics, and rules not judged yet
        statements(rules=1, round_=round_, records=240)
    none, one, unchanged, many = map(statements, (1, 2, 2, 30), range(2, 6))
    assert none == unchanged  # rules of its own cost nothing once they are judged
    assert one == many


def test_a_pull_that_commits_late_is_judged_though_its_numbers_are_low(
    postgres_url: str, tmp_path: Path, now: datetime
) -> None:
    slow, quick = Store(postgres_url), Store(postgres_url)
    landed, go_on = threading.Event(), threading.Event()

    def pause(_connection: sa.Connection) -> None:
        if any("nextval" in each for each in sent):
            landed.set()
            assert go_on.wait(60)

    sa.event.listen(slow.engine, "commit", pause)
    late = delivered(tmp_path / "late", [check_row(1, 行政相对人=""), check_row(2)])
    with counted(slow) as sent, ThreadPoolExecutor(2) as others:
        pulling = others.submit(pulled, slow, late, now)
        assert landed.wait(60)
        assert pulled(quick, delivered(tmp_path / "early", [check_row(3)]), now).landed == 1
        with quick.reading() as connection:
            watermark = connection.scalar(sa.select(sa.func.max(behavior.c.id)))
        checking = others.submit(check, quick, Settings(), now)
        wait_until_something_waits(quick)
        go_on.set()
        assert pulling.result(60).landed == 2
        assert checking.result(60).judged == 3
    with quick.reading() as connection:
        after = sa.select(sa.func.count()).where(behavior.c.id > watermark)
        assert connection.scalar(after) == 0, "a watermark passes over what committed late"
        assert connection.scalar(sa.select(sa.func.count()).select_from(to_judge)) == 0
        (number,) = connection.scalars(
            sa.select(behavior.c.id).where(behavior.c.party_name.is_(None))
        )
        assert "check.party_name.mandatory" in found(connection, number)
    slow.close()
    quick.close()


def test_a_recount_comes_out_as_the_checks_did(store: Store, now: datetime) -> None:
    direct(store, departments=3)
    for first in (0, 100):
        deliver(store, first, records=40, departments=3)
        check(store, Settings(), now)
    again = recount(store, Settings(), now)
    assert again.same
    assert (again.records, again.differences) == (80, ())
    assert again.findings > 0
    assert again.tallies > 0


def test_a_recount_judges_first_what_landed_since(store: Store, now: datetime) -> None:
    direct(store, departments=3)
    deliver(store, first=0, records=8, departments=3)
    again = recount(store, Settings(), now)
    assert (again.records, again.same) == (8, True)


def test_a_recount_tells_what_differs_and_puts_it_right(store: Store, now: datetime) -> None:
    direct(store, departments=1)
    deliver(store, first=1, records=4, departments=1)
    check(store, Settings(), now)
    with store.writing() as connection:  # behind the queue's back
        first = sa.select(sa.func.min(behavior.c.id)).where(behavior.c.kind == "other")
        change = sa.update(behavior).where(behavior.c.id == first.scalar_subquery())
        connection.execute(change.values(party_name=None))
    again = recount(store, Settings(), now)
    assert not again.same
    assert (again.added, again.removed) == (1, 0)
    told = [str(each) for each in again.differences]
    assert "other.party_name.mandatory: 0 before, 1 counted anew" in told
    assert recount(store, Settings(), now).same


def delivered(folder: Path, rows: Sequence[dict[str, str]]) -> FilesSource:
    """A source of its own that delivers the rows."""
    path = write_csv(folder / "a.csv", rows)
    return files(path, name=folder.name)


def wait_until_something_waits(store: Store) -> None:
    """Go on once a session of the store's waits for another's lock."""
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    turn = threading.Event()
    for _ in range(6_000):
        with store.reading() as connection:
            if connection.scalar(waiting):
                return
        turn.wait(0.01)
    raise AssertionError("expected a session to wait for a lock, found none")


def test_a_further_check_compiles_nothing_anew(store: Store, now: datetime) -> None:
    """The engine keeps what it compiled: a daemon would grow with each check."""
    compiled: dict[Any, Any] = {}
    store.engine.update_execution_options(compiled_cache=compiled)
    sizes = []
    for number in range(4):
        with store.writing() as connection:
            land(connection, *(clean(kind, number, party_name=None) for kind in Kind))
        check(store, Settings(), now)
        sizes.append(len(compiled))
    assert sizes[2] == sizes[3]
