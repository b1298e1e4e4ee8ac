"""Delivery: what waits in the outbox is claimed, sent and recorded, one message after another.

Claim, send, record. A crash before the send leaves a lease that runs out; a crash between send
and record repeats the message once the lease has run out. None loses it.
"""

import os
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from monitor.config import Settings
from monitor.errors import DeliveryError, DeliveryUnavailableError
from monitor.notify import claims, outbox
from monitor.notify.channels import Channel, open_channels
from monitor.notify.claims import Claim
from monitor.store import Store

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What a delivery did; `waiting` counts what is left, due or not."""

    sent: int
    retried: int
    failed: int
    waiting: int


def deliver(
    store: Store,
    settings: Settings,
    now: datetime,
    channels: Mapping[str, Channel] | None = None,
    owner: str | None = None,
    clock: Callable[[], datetime] | None = None,
    jitter: Callable[[], float] = random.random,
    stopped: Callable[[], bool] = lambda: False,
) -> DeliveryReport:
    """Send what is due; outside working hours only what goes to the operator.

    `clock` gives the time while messages are sent (`now` plus the time that has passed, unless
    given), `jitter` numbers from 0 to 1. `stopped` is asked between messages. A channel that
    doesn't answer is left alone until the next delivery.
    """
    passed = _Pass(
        store=store,
        settings=settings,
        channels=open_channels(settings) if channels is None else channels,
        owner=owner or f"{socket.gethostname()}:{os.getpid()}",
        clock=clock or _running_from(now),
        jitter=jitter,
    )
    only = claims.OPERATOR if outbox.rhythm(settings).quiet(now) else None
    with store.reading() as connection:
        due = claims.due(connection, now, only)
    for number, channel in due:
        if stopped():
            break
        if channel not in passed.silent:
            passed.handle(number)
    with store.reading() as connection:
        waiting = claims.unsent(connection)
    done = passed.outcomes
    report = DeliveryReport(done["sent"], done["retried"], done["failed"], waiting)
    if due:
        log.info("delivery", sent=report.sent, retried=report.retried, failed=report.failed)
    return report


def wait_before(attempt: int, jitter: float) -> timedelta:
    """How long to wait after attempt number `attempt` failed: doubling, less up to half."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(attempt - 1, 20)
    return min(LONGEST_WAIT, doubled) * (1 - jitter / 2)


class _Pass:
    """One delivery: which channels don't answer, and what came of the messages."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        channels: Mapping[str, Channel],
        owner: str,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        self._store = store
        self._settings = settings
        self._channels = channels
        self._owner = owner
        self._clock = clock
        self._jitter = jitter
        self.silent: set[str] = set()
        self.outcomes: Counter[str] = Counter()

    def handle(self, number: int) -> None:
        """Claim one row, send it, record what came of it."""
        with self._store.writing() as connection:
            lease = self._settings.alerts.lease
            held = claims.claim(connection, number, self._owner, self._clock(), lease)
        if held is None:
            return
        limit = self._settings.alerts.attempts
        if held.attempts > limit:
            self._fail(held, f"given up: {limit} attempts ended without an answer being recorded")
            return
        try:
            receipt = self._channel(held).send(held.destination, held.message, held.head)
        except DeliveryUnavailableError as error:
            self._retry(held, error)
        except DeliveryError as error:
            self._fail(held, str(error))
        else:
            with self._store.writing() as connection:
                claims.record_sent(connection, held, receipt, self._clock())
            self.outcomes["sent"] += 1

    def _channel(self, held: Claim) -> Channel:
        if held.channel not in self._channels:
            raise DeliveryError(f"expected a channel that is set up, found {held.channel!r}")
        return self._channels[held.channel]

    def _retry(self, held: Claim, error: DeliveryUnavailableError) -> None:
        self.silent.add(held.channel)
        if held.attempts >= self._settings.alerts.attempts:
            self._fail(held, f"given up after {held.attempts} attempts: {error}")
            return
        now = self._clock()
        wait = wait_before(held.attempts, self._jitter())
        with self._store.writing() as connection:
            if error.retry_after is not None:
                wait = timedelta(seconds=error.retry_after)
                claims.hold_channel(connection, held.channel, now + wait)
            claims.record_retry(connection, held, str(error), now, now + wait)
        log.warning("message not taken", outbox=held.id, channel=held.channel, error=str(error))
        self.outcomes["retried"] += 1

    def _fail(self, held: Claim, error: str) -> None:
        with self._store.writing() as connection:
            claims.record_failed(connection, held, error, self._clock(), self._settings)
        log.error("message undeliverable", outbox=held.id, channel=held.channel, error=error)
        self.outcomes["failed"] += 1


def _running_from(now: datetime) -> Callable[[], datetime]:
    begun = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - begun)
