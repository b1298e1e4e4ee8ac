"""Leases: one owner at a time, whoever asks and when."""

from datetime import datetime, timedelta
from threading import Barrier, Thread

from monitor.store import Store, leases

LASTS = timedelta(seconds=30)


def test_a_free_lease_goes_to_the_first_who_asks(store: Store, now: datetime) -> None:
    with store.writing() as connection:
        assert leases.take(connection, "daemon", "first", now, LASTS)
        assert not leases.take(connection, "daemon", "second", now, LASTS)
        assert leases.holder(connection, "daemon", now) == "first"


def test_the_owner_renews_it(store: Store, now: datetime) -> None:
    later = now + timedelta(seconds=20)
    with store.writing() as connection:
        leases.take(connection, "daemon", "first", now, LASTS)
        assert leases.take(connection, "daemon", "first", later, LASTS)
        assert leases.holder(connection, "daemon", now + timedelta(seconds=49)) == "first"


def test_a_lease_that_ran_out_goes_to_the_next(store: Store, now: datetime) -> None:
    with store.writing() as connection:
        leases.take(connection, "daemon", "first", now, LASTS)
        assert leases.holder(connection, "daemon", now + LASTS) is None
        assert leases.take(connection, "daemon", "second", now + LASTS, LASTS)
        assert not leases.take(connection, "daemon", "first", now + LASTS, LASTS)


def test_only_its_owner_gives_a_lease_back(store: Store, now: datetime) -> None:
    with store.writing() as connection:
        leases.take(connection, "daemon", "first", now, LASTS)
        leases.give_back(connection, "daemon", "second")
        assert leases.holder(connection, "daemon", now) == "first"
        leases.give_back(connection, "daemon", "first")
        assert leases.take(connection, "daemon", "second", now, LASTS)


def test_of_many_who_ask_at_once_one_gets_it(store: Store, now: datetime) -> None:
    barrier, got = Barrier(4), []

    def ask(owner: str) -> None:
        barrier.wait()
        with store.writing() as connection:
            if leases.take(connection, "daemon", owner, now, LASTS):
                got.append(owner)

    threads = [Thread(target=ask, args=(f"owner-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
