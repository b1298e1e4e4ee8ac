"""The breaker: when a source that can't be read is left to rest, and for how long."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import PullSettings
from monitor.sources.breaker import Breaker, BreakerState, breaker, rest
from monitor.sources.past import Past, Run
from monitor.sources.runs import Outcome

SETTINGS = PullSettings.model_validate({"give_up_after": 3, "rest": "30m", "rest_at_most": "6h"})
HALF_AN_HOUR = timedelta(minutes=30)
TOOK = timedelta(seconds=2)


def failed(times: int, ended_at: datetime) -> Past:
    """The past of a source that could not be read so many times in a row, the last one then."""
    begun = ended_at - TOOK
    last = Run("cases", Outcome.FAILED, begun, ended_at, {}, "no answer", {}, (), None)
    return Past(begun_at=begun, last=last, failures=times)


def test_a_source_that_failed_seldom_goes_on_as_scheduled(now: datetime) -> None:
    assert breaker(Past(), SETTINGS, now) == Breaker(BreakerState.CLOSED, 0)
    assert breaker(failed(2, now), SETTINGS, now) == Breaker(BreakerState.CLOSED, 2)


def test_after_so_many_failures_it_rests_and_is_tried_when_that_is_over(now: datetime) -> None:
    over = now + HALF_AN_HOUR
    last = over - timedelta(microseconds=1)
    assert breaker(failed(3, now), SETTINGS, now) == Breaker(BreakerState.RESTING, 3, over)
    assert breaker(failed(3, now), SETTINGS, last) == Breaker(BreakerState.RESTING, 3, over)
    assert breaker(failed(3, now), SETTINGS, over) == Breaker(BreakerState.PROBING, 3, over)


def test_failures_as_of_a_later_instant_hold_nothing_up(now: datetime) -> None:
    later = now + timedelta(days=400)
    assert breaker(failed(9, later), SETTINGS, now) == Breaker(BreakerState.CLOSED, 9)


def test_a_failure_that_ends_after_the_instant_it_acted_at_counts(now: datetime) -> None:
    ended = now + TOOK
    resting = Breaker(BreakerState.RESTING, 3, ended + HALF_AN_HOUR)
    assert breaker(failed(3, ended), SETTINGS, now) == resting


@pytest.mark.parametrize(
    ("failures", "hours"), [(3, 0.5), (4, 1), (5, 2), (6, 4), (7, 6), (8, 6), (100_000, 6)]
)
def test_it_rests_twice_as_long_after_each_failure_up_to_a_bound(
    failures: int, hours: float
) -> None:
    assert rest(failures, SETTINGS) == timedelta(hours=hours)


@given(
    failures=st.integers(0, 40),
    give_up_after=st.integers(1, 10),
    first=st.integers(1, 100_000),
    more=st.integers(0, 1_000_000),
    waited=st.integers(0, 2_000_000),
)
def test_whatever_the_settings_a_rest_ends_and_never_grows_shorter(
    failures: int, give_up_after: int, first: int, more: int, waited: int
) -> None:
    settings = PullSettings.model_validate(
        {
            "give_up_after": give_up_after,
            "rest": f"{first}s",
            "rest_at_most": f"{first + more}s",
        }
    )
    ended = datetime.fromisoformat("2022-01-28T02:00:00+00:00")
    now = ended + timedelta(seconds=waited)
    found = breaker(failed(failures, ended), settings, now)
    assert (found.state is BreakerState.CLOSED) == (failures < give_up_after)
    if found.until is not None:
        assert settings.rest <= found.until - ended <= settings.rest_at_most
        assert (found.state is BreakerState.RESTING) == (now < found.until)
        assert rest(failures + 1, settings) >= rest(failures, settings)
        assert breaker(failed(failures, ended), settings, found.until).state is BreakerState.PROBING
