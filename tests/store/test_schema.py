"""The schema: migrations build what the tables say, and other versions are told apart."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from monitor.errors import StoreError
from monitor.store import Store
from monitor.store.tables import metadata


def test_the_migrations_build_exactly_the_tables(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_upgrading_again_does_nothing(store: Store) -> None:
    assert store.upgrade() == []
    store.verify()


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
