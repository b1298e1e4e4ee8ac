"""When a source is due: by interval or crontab line, put off by jitter, held by a breaker."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import FilesSource
from monitor.sources.breaker import Breaker, BreakerState
from monitor.sources.due import due_at
from monitor.sources.past import Past, Run
from monitor.sources.runs import Outcome
from monitor.workdays import ZONE

CLOSED = Breaker(BreakerState.CLOSED)
OFFICE = "示范区"
EVERY = timedelta(minutes=15)


def source(name: str = "cases", **more: Any) -> FilesSource:
    told = {"name": name, "feed": "item", "kind": "files", "path": "*.csv"} | more
    return FilesSource.model_validate(told)


def pulled(started_at: datetime) -> Past:
    """The past of a source that was last pulled then."""
    last = Run("cases", Outcome.OK, started_at, started_at, {}, None, {}, (), None)
    return Past(begun_at=started_at, last=last, success_at=started_at)


def resting(until: datetime) -> Breaker:
    return Breaker(BreakerState.RESTING, 5, until)


def test_a_source_that_was_never_pulled_is_due_at_once(now: datetime) -> None:
    assert due_at(source(), Past(), CLOSED, now, OFFICE) == now


def test_one_with_an_interval_is_due_when_it_has_passed(now: datetime) -> None:
    for ago in (timedelta(minutes=5), EVERY, timedelta(days=3)):
        assert due_at(source(), pulled(now - ago), CLOSED, now, OFFICE) == now - ago + EVERY


def test_a_pull_as_of_a_later_instant_holds_nothing_up(now: datetime) -> None:
    past = pulled(now + timedelta(days=400))
    assert due_at(source(), past, CLOSED, now, OFFICE) == now
    nightly = source(cron="30 2 * * *")
    assert due_at(nightly, past, CLOSED, now, OFFICE) < now + timedelta(days=1)


def test_one_with_a_crontab_line_waits_for_its_time(now: datetime) -> None:
    nightly = source(cron="30 2 * * *")  # it is 10 in the morning of the 28th
    tonight = datetime(2022, 1, 29, 2, 30, tzinfo=ZONE)
    assert due_at(nightly, Past(), CLOSED, now, OFFICE) == tonight
    assert due_at(nightly, pulled(now), CLOSED, now, OFFICE) == tonight


def test_a_crontab_time_that_was_missed_is_due_still(now: datetime) -> None:
    nightly = source(cron="30 2 * * *")
    due = due_at(nightly, pulled(now - timedelta(days=3)), CLOSED, now, OFFICE)
    assert due == datetime(2022, 1, 26, 2, 30, tzinfo=ZONE)


def test_a_first_pull_at_its_crontab_time_that_was_cut_off_is_due_still(now: datetime) -> None:
    nightly = source(cron="30 2 * * *", jitter="10m")
    begun = datetime(2022, 1, 28, 2, 36, 1, tzinfo=ZONE).astimezone(UTC)
    due = due_at(nightly, Past(begun_at=begun), CLOSED, now, OFFICE)
    assert datetime(2022, 1, 28, 2, 30, tzinfo=ZONE) <= due < begun
    by_hand = Past(begun_at=now - timedelta(hours=1))
    assert due_at(nightly, by_hand, CLOSED, now, OFFICE) > now


def test_one_that_rests_is_not_due_before_its_rest_is_over(now: datetime) -> None:
    over = now + timedelta(hours=2)
    assert due_at(source(), pulled(now), resting(over), now, OFFICE) == over
    rare = source(every="1d")
    assert due_at(rare, pulled(now), resting(over), now, OFFICE) == now + timedelta(days=1)


def test_one_with_a_crontab_line_is_tried_at_the_first_of_its_times_after_the_rest(
    now: datetime,
) -> None:
    by_day = source(cron="*/15 8-17 * * *")
    over = datetime(2022, 1, 28, 19, tzinfo=ZONE)
    tomorrow = datetime(2022, 1, 29, 8, tzinfo=ZONE)
    past = pulled(now)
    assert due_at(by_day, past, resting(over), now, OFFICE) == tomorrow
    probing = Breaker(BreakerState.PROBING, 5, over)
    evening = over + timedelta(minutes=1)
    assert due_at(by_day, past, probing, evening, OFFICE) == tomorrow


SECONDS = st.integers(0, 10**8)


@given(
    begun=SECONDS,
    wait=st.integers(0, 10**7),
    jitter=st.integers(0, 86_400),
    rest=st.none() | st.integers(0, 10**6),
    cron=st.sampled_from([None, "*/15 * * * *", "30 2 * * *", "0 8-17 * * 1-5"]),
)
def test_a_due_time_stands_until_it_is_used(
    begun: int, wait: int, jitter: int, rest: int | None, cron: str | None
) -> None:
    """Whoever asks, and whenever, is told the same; it never comes before its time or its rest."""
    last = datetime(2022, 1, 1, tzinfo=UTC) + timedelta(seconds=begun)
    one = source(jitter=f"{jitter}s", **({"cron": cron} if cron else {"every": "15m"}))
    past = pulled(last)
    breaker = CLOSED if rest is None else resting(last + timedelta(seconds=rest))
    due = due_at(one, past, breaker, last, OFFICE)
    assert due > last
    assert due >= (breaker.until or due)
    assert due_at(one, past, breaker, last + timedelta(seconds=wait), OFFICE) == due
    plain = due_at(source(**({"cron": cron} if cron else {})), past, breaker, last, OFFICE)
    assert plain <= due <= plain + timedelta(seconds=jitter)


def test_jitter_spreads_sources_and_offices(now: datetime) -> None:
    def seconds(name: str, office: str) -> float:
        nightly = source(name, cron="30 2 * * *", jitter="10m")
        due = due_at(nightly, pulled(now), CLOSED, now, office)
        return (due - datetime(2022, 1, 29, 2, 30, tzinfo=ZONE)).total_seconds()

    found = [seconds(f"source-{n}", f"office-{m}") for n in range(10) for m in range(10)]
    assert len(set(found)) == len(found)
    assert min(found) >= 0
    assert max(found) <= 600
    assert max(found) - min(found) > 500


@pytest.mark.parametrize("every", ["1s", "15m", "30d"])
def test_without_jitter_an_interval_is_kept_to_the_second(every: str, now: datetime) -> None:
    one = source(every=every)
    past = replace(pulled(now), begun_at=None)
    assert due_at(one, past, CLOSED, now, OFFICE) == now + one.every
