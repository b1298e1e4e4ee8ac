"""The schema: migrations build what the tables say, and other versions are told apart."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from monitor.config import Settings
from monitor.errors import StoreError
from monitor.ledger import links, making, statements
from monitor.sources import counts
from monitor.store import Store
from monitor.store.schema import MIGRATIONS
from monitor.store.tables import backlog_event, behavior, expected, metadata, run, statement, tally
from monitor.words import UNKNOWN_DEPARTMENT
from monitor.workdays import Month
from tests.metrics.example import standing


def test_the_migrations_build_exactly_the_tables(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_upgrading_again_does_nothing(store: Store) -> None:
    assert store.upgrade() == []
    store.verify()


@pytest.fixture(params=["sqlite", "postgresql"])
def first_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of the first schema, as it was before any of it changed."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'first.db'}"
    else:
        server: sa.URL = request.getfixturevalue("postgres")
        engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql("DROP DATABASE IF EXISTS first")
            connection.exec_driver_sql("CREATE DATABASE first")
        url = server.set(database="first").render_as_string(hide_password=False)
    store = Store(url)
    _upgrade(store, "0001")
    yield store
    store.close()


def _upgrade(store: Store, revision: str) -> None:
    """Bring a store to an older schema."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with store.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def test_documents_of_an_older_store_are_found_by_their_number(first_store: Store) -> None:
    seen = datetime(2022, 1, 20, tzinfo=UTC)
    row = {"source": "cases", "content_hash": "", "first_seen_at": seen, "kind": "punish"}
    of_behavior = {"status": "accepted", "record_id_from": "delivered", "first_seen_on": seen}
    spellings = ["示罚〔2022〕13号", "示罚[2022] 13 号", "示罚（2022）13号", None]
    with first_store.writing() as connection:
        for table, more in ((expected, {}), (behavior, of_behavior)):
            old = sa.table(table.name, *(sa.column(c.name, c.type) for c in table.c))
            for number, spelling in enumerate(spellings):
                told = row | more | {"record_id": str(number), "document_no": spelling}
                connection.execute(sa.insert(old).values(told))
    assert first_store.upgrade()[0] == "0002"
    with first_store.reading() as connection:
        for table in (expected, behavior):
            keys = connection.scalars(sa.select(table.c.document_key).order_by(table.c.id))
            assert [*keys] == ["示罚[2022]13号"] * 3 + [None]


def test_counts_begin_with_what_the_runs_before_them_add_up_to(first_store: Store) -> None:
    begun = datetime(2022, 1, 28, 2, tzinfo=UTC)
    ended = begun + timedelta(minutes=1)
    pull = {"job": "pull", "source": "checks", "started_at": begun, "finished_at": ended}
    details = {"malformed": {"occurred_on": 2}, "unknown_columns": {"企业分类": 1}}
    with first_store.writing() as connection:
        for told in (
            pull | {"outcome": "ok", "rows_read": 7, "details": details},
            pull | {"outcome": "ok", "rows_read": 5},
            pull | {"outcome": "failed", "rows_read": 1, "details": details},
            pull | {"outcome": "running", "finished_at": None, "rows_read": 9},
            pull | {"job": "check", "source": None, "outcome": "ok"},
        ):
            connection.execute(sa.insert(run).values(told))
    first_store.upgrade()
    with first_store.reading() as connection:
        found = counts.read(connection)
    assert {
        (source, str(what), name): (count.count, count.last_at)
        for source, of_source in found.items()
        for what, named in of_source.items()
        for name, count in named.items()
    } == {
        ("checks", "pulls", "ok"): (2, ended),
        ("checks", "pulls", "failed"): (1, ended),
        ("checks", "rows", "read"): (13, ended),
        ("checks", "malformed", "occurred_on"): (4, ended),
        ("checks", "column", "企业分类"): (2, ended),
    }


def test_units_of_an_older_store_are_made_by_the_first_look(first_store: Store) -> None:
    seen, now = datetime(2022, 1, 20, tzinfo=UTC), datetime(2022, 2, 3, tzinfo=UTC)
    row = {"source": "cases", "content_hash": "", "first_seen_at": seen, "kind": "check"}
    day = {"action_code": "示范检-1", "department": "示范局"}
    of_behavior = {"status": "accepted", "record_id_from": "delivered", "first_seen_on": seen}
    attributed = {"department": UNKNOWN_DEPARTMENT, "occurred_on": date(2022, 1, 10)}
    with first_store.writing() as connection:
        for table, more in (
            (expected, day | {"due_basis_on": date(2022, 1, 10)}),
            (expected, day | {"due_basis_on": date(2022, 1, 11), "action_code": "示范检-2"}),
            (behavior, of_behavior | day | attributed),
        ):
            old = sa.table(table.name, *(sa.column(c.name, c.type) for c in table.c))
            number = connection.scalar(sa.select(sa.func.count()).select_from(old))
            connection.execute(sa.insert(old).values(row | more | {"record_id": str(number)}))
        told = standing(UNKNOWN_DEPARTMENT, seen)
        told["as_of"] = told.pop("changed_at")
        del told["reasons"]
        del told["moved_out_late"]
        names = (
            sa.column(name, statement.c.get(name, statement.c.changed_at).type) for name in told
        )
        connection.execute(sa.insert(sa.table("statement", *names)).values(told))
        counted = {"kind": "check", "reason": "unentered", "state": "in_limit", "count": 3}
        place = {"department": UNKNOWN_DEPARTMENT, "month": "2022-01"}
        connection.execute(sa.insert(tally).values(place | counted))
    first_store.upgrade()
    with first_store.writing() as connection:
        (before,) = statements.read(connection)
        links.refresh(connection, Settings(), now)
        made = making.make(connection, Settings(), now)
        again = making.make(connection, Settings(), now + timedelta(hours=1))
        (after,) = statements.read(connection, Month(2022, 1), UNKNOWN_DEPARTMENT)
    assert (made.units, again.units) == (2, 0)
    assert (before.as_of, before.obligations, before.reasons) == (seen, 0, {"unentered": 3})
    assert (after.obligations, dict(after.reasons)) == (2, {"unentered": 1})


def test_events_of_an_older_store_tell_who_had_what_was_handed_over(first_store: Store) -> None:
    _upgrade(first_store, "0017")
    e = backlog_event.c
    old = sa.table(
        "backlog_event", *(sa.column(c.name, c.type) for c in e if c is not e.from_heirs)
    )
    at = datetime(2022, 2, 9, tzinfo=UTC)
    place: dict[str, object] = {"department": "示范局", "month": "2022-01"}
    row = place | {"kind": "check", "to_reason": "draft"}
    handed = {"from_reason": "draft", "cause": "succeeded"}
    unit: dict[str, object] = {"behavior_id": 1, "expected_id": 7}
    with first_store.writing() as connection:
        for look, told in enumerate(
            [
                row | {"expected_id": 7, "cause": "found"},
                row | {"behavior_id": 2, "cause": "found", "heirs": "2022-02:C"},
                row | unit | handed | {"heirs": "2022-02:B"},
                row | unit | handed | {"heirs": "2022-02:B;2022-03:C"},
            ]
        ):
            moment = {"at": at + timedelta(days=look), "look": look + 1}
            connection.execute(sa.insert(old).values(told | moment))
    first_store.upgrade()
    with first_store.reading() as connection:
        found = connection.scalars(sa.select(e.from_heirs).order_by(e.id)).all()
    assert found == [None, None, None, "2022-02:B"]


def test_an_empty_store_says_to_upgrade(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(StoreError, match=r"is empty\. Run: yueqingling db upgrade"):
        store.verify()
    assert store.upgrade() != []
    store.verify()


def test_a_store_of_a_newer_program_is_left_alone(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version than this program"):
        store.verify()


def test_a_store_that_is_not_there_is_named_without_its_password() -> None:
    store = Store("postgresql+psycopg://someone:secret@127.0.0.1:1/none")
    with pytest.raises(StoreError, match="can't open the store") as caught:
        store.verify()
    assert "secret" not in str(caught.value)
    assert "someone" not in str(caught.value)
