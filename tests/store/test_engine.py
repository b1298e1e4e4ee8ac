"""The store's transactions: what is committed is on the disk, unless it needn't be yet."""

import sqlalchemy as sa

from monitor.store import Store


def waits_for_the_disk(connection: sa.Connection) -> bool:
    said: str = connection.execute(sa.text("SHOW synchronous_commit")).scalar_one()
    return said == "on"


def test_only_a_transaction_that_need_not_last_is_not_waited_for(postgres_url: str) -> None:
    store = Store(postgres_url)
    name = sa.make_url(postgres_url).database
    with store.writing() as connection:  # as it is by default; the tests' server waits for nothing
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = on")
    store.engine.dispose()
    with store.writing(lasting=False) as connection:
        assert not waits_for_the_disk(connection)
    with store.writing() as connection:
        assert waits_for_the_disk(connection)
    store.close()
