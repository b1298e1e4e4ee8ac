"""When a source is due."""

from datetime import datetime, timedelta
from hashlib import sha256

from monitor import crontab
from monitor.config import SourceSettings
from monitor.sources.breaker import Breaker
from monitor.sources.past import Past

_LATE = timedelta(minutes=1)
"""How long after its time a source that was never pulled may still be begun, beside its jitter."""


def due_at(
    source: SourceSettings, past: Past, breaker: Breaker, now: datetime, office: str
) -> datetime:
    """When the source is to be pulled next; in the past where a due time was missed.

    One with an interval that was never pulled is due at once; one with a crontab line waits for its
    time, as cron does. The time is put off by up to `jitter`: by as much whenever it is asked for,
    and by more or less for each `office`, so that those that share a service don't ask it all in
    one second. While a breaker lets the source rest it isn't due.
    """
    last, begun = (
        at if at is not None and at <= now else None  # a later one acted as of another instant
        for at in (past.last_started_at, past.begun_at)
    )
    if source.cron is not None:
        after = last or (begun or now) - source.jitter - _LATE
        due = crontab.next_after(source.cron, max(after, breaker.until or after))
        return due + _put_off(source, due, office)
    due = now if last is None else last + source.every
    if last is not None:
        due += _put_off(source, due, office)
    return max(due, breaker.until or due)


def _put_off(source: SourceSettings, due: datetime, office: str) -> timedelta:
    """A share of the jitter that looks random and is the same each time it is asked for."""
    told = sha256(f"{office} {source.name} {due.isoformat()}".encode()).digest()
    return source.jitter * (int.from_bytes(told[:4]) / 2**32)
