"""Leases: one owner at a time, whoever asks and when."""

import subprocess
import sys
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


def test_a_lease_is_renewed_unless_somebody_had_it_meanwhile(store: Store, now: datetime) -> None:
    with store.writing() as connection:
        leases.take(connection, "daemon", "first", now, LASTS)
        assert leases.renew(connection, "daemon", "first", now + 2 * LASTS, LASTS)
        assert leases.take(connection, "daemon", "second", now + 4 * LASTS, LASTS)
        assert not leases.renew(connection, "daemon", "first", now + 8 * LASTS, LASTS)
        leases.give_back(connection, "daemon", "second")
        assert not leases.renew(connection, "daemon", "first", now + 8 * LASTS, LASTS)


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


def ended_process() -> str:
    """What a process that has ended was called as the holder of a lease."""
    ran = subprocess.run(
        [sys.executable, "-c", "from monitor.store import leases; print(leases.owner())"],
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()


def renamed(owner: str, **parts: str) -> str:
    """The owner with another machine, number or beginning."""
    names = ("machine", "number", "began")
    found = dict(zip(names, owner.partition("#")[0].split(":"), strict=True))
    return ":".join((found | parts)[name] for name in names) + "#x"


def test_a_lease_of_a_process_that_died_is_free_on_its_machine(store: Store, now: datetime) -> None:
    ended = ended_process()
    another = renamed(leases.owner(), began="1")  # whose number is ours since
    for owner in (ended, another):
        with store.writing() as connection:
            leases.take(connection, "daemon", owner, now, LASTS)
            leases.free_of_the_dead(connection, "daemon", now)
            assert leases.holder(connection, "daemon", now) is None


def test_a_lease_of_a_process_that_may_live_is_left_to_it(store: Store, now: datetime) -> None:
    elsewhere = renamed(ended_process(), machine="elsewhere/1")
    for owner in (leases.owner(), elsewhere, "somebody"):
        with store.writing() as connection:
            leases.take(connection, "daemon", owner, now, LASTS)
            leases.free_of_the_dead(connection, "daemon", now)
            assert leases.holder(connection, "daemon", now) == owner
            leases.give_back(connection, "daemon", owner)


def test_a_process_that_ends_lets_go_of_all_that_is_its_own(store: Store, now: datetime) -> None:
    with store.writing() as connection:
        for name in ("daemon", "pull:cases"):
            leases.take(connection, name, leases.owner(), now, LASTS)
        leases.take(connection, "pull:checks", renamed(leases.owner(), number="1"), now, LASTS)
        leases.give_back_all(connection)
        assert leases.holder(connection, "daemon", now) is None
        assert leases.holder(connection, "pull:cases", now) is None
        assert leases.holder(connection, "pull:checks", now) is not None


def test_two_holders_in_one_process_are_told_apart() -> None:
    first, second = leases.owner(), leases.owner()
    assert first != second
    assert first.partition("#")[0] == second.partition("#")[0] == leases.this_process()
