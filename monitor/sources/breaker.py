"""The breaker of a source (熔断): one that can't be read again and again is left to rest.

It is told from the source's runs alone, so it survives restarts and is the same on every instance.
Only the daemon heeds it: whoever pulls by hand always tries, and a pull that reads closes it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.config import PullSettings
from monitor.sources.past import Past


class BreakerState(StrEnum):
    """Whether the daemon pulls the source."""

    CLOSED = "closed"  # as its schedule says
    RESTING = "resting"  # not before the rest is over
    PROBING = "probing"  # the rest is over: once, and the outcome decides


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state, after `failures` pulls in a row that could not read the source.

    `until` is when the rest is, or was, over; None while closed.
    """

    state: BreakerState
    failures: int = 0
    until: datetime | None = None


def breaker(past: Past, settings: PullSettings, now: datetime) -> Breaker:
    """The breaker at `now`; a failure that began later acted as of another instant."""
    last = past.last
    if past.failures < settings.give_up_after or last is None or last.finished_at is None:
        return Breaker(BreakerState.CLOSED, past.failures)
    if last.started_at > now:
        return Breaker(BreakerState.CLOSED, past.failures)
    until = last.finished_at + rest(past.failures, settings)
    state = BreakerState.RESTING if now < until else BreakerState.PROBING
    return Breaker(state, past.failures, until)


def rest(failures: int, settings: PullSettings) -> timedelta:
    """How long a source rests after so many failures: twice as long after each, up to a bound."""
    span = settings.rest
    for _ in range(failures - settings.give_up_after):
        if span >= settings.rest_at_most:
            break
        span *= 2
    return min(span, settings.rest_at_most)
