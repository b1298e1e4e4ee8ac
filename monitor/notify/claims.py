"""Claims on outbox rows: one sender at a time, by compare-and-set with a lease.

The rows of one thread (department, month, channel, destination) are sent in the order in which
they were planned: a later one waits until the earlier is sent or has failed for good.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from monitor import directory
from monitor.config import Audience, Settings
from monitor.notify import message
from monitor.notify.message import Line, Message
from monitor.notify.outbox import address
from monitor.store.tables import delivery, outbox
from monitor.store.upsert import insert_into
from monitor.words import DISTRICT
from monitor.workdays import local_day

OPERATOR: Audience = "operator"


@dataclass(frozen=True, slots=True)
class Claim:
    """An outbox row that this sender holds until its lease ends.

    `attempts` counts this one too. `head` is the receipt of the thread's first message.
    """

    id: int
    department: str
    month: str
    step: str
    audience: str
    channel: str
    destination: str
    message: Message
    attempts: int
    head: Mapping[str, Any] | None


def due(
    connection: sa.Connection, now: datetime, audience: str | None = None
) -> list[tuple[int, str]]:
    """The rows that may be claimed now, each with its channel, in the order to try them in.

    Of one audience only, where given.
    """
    query = sa.select(outbox.c.id, outbox.c.channel).where(_claimable(now)).order_by(outbox.c.id)
    if audience is not None:
        query = query.where(outbox.c.audience == audience)
    return [(number, channel) for number, channel in connection.execute(query)]


def claim(
    connection: sa.Connection, number: int, owner: str, now: datetime, lease: timedelta
) -> Claim | None:
    """Take the row `number` for `owner`; None where it isn't to be had any more."""
    taken = connection.execute(
        sa.update(outbox)
        .where(outbox.c.id == number, _claimable(now), ~_overtakes())
        .values(
            state="sending",
            attempts=outbox.c.attempts + 1,
            leased_by=owner,
            leased_until=now + lease,
        )
        .returning(*outbox.c)
    ).one_or_none()
    if taken is None:
        return None
    return Claim(
        id=taken.id,
        department=taken.department,
        month=taken.month,
        step=taken.step,
        audience=taken.audience,
        channel=taken.channel,
        destination=taken.destination,
        message=message.from_document(taken.message),
        attempts=taken.attempts,
        head=_head(connection, taken),
    )


def record_sent(
    connection: sa.Connection, held: Claim, receipt: Mapping[str, Any], now: datetime
) -> None:
    """The channel took the message."""
    _attempted(connection, held, now, "sent", receipt=dict(receipt))
    _settle(connection, held, state="sent", error=None)


def record_retry(
    connection: sa.Connection, held: Claim, error: str, now: datetime, again_at: datetime
) -> None:
    """The channel didn't take the message now; it is tried again at `again_at`."""
    _attempted(connection, held, now, "retry", error=error)
    _settle(connection, held, state="waiting", error=error, next_attempt_at=again_at)


def record_failed(
    connection: sa.Connection, held: Claim, error: str, now: datetime, settings: Settings
) -> None:
    """The message can't be delivered; the operator is told in the same transaction."""
    _attempted(connection, held, now, "failed", error=error)
    _settle(connection, held, state="failed", error=error)
    if held.audience != OPERATOR:
        _tell_operator(connection, held, error, now, settings)


def hold_channel(connection: sa.Connection, channel: str, until: datetime) -> None:
    """Let nothing be sent through `channel` before `until`."""
    connection.execute(
        sa.update(outbox)
        .where(
            outbox.c.channel == channel,
            outbox.c.state == "waiting",
            outbox.c.next_attempt_at < until,
        )
        .values(next_attempt_at=until)
    )


def unsent(connection: sa.Connection) -> int:
    """Messages that are neither sent nor failed."""
    query = sa.select(sa.func.count()).where(outbox.c.state.in_(("waiting", "sending")))
    return connection.scalar(query) or 0


def _claimable(now: datetime) -> sa.ColumnElement[bool]:
    """Waiting and due, or held by a sender whose lease ran out: it died or was cut off."""
    return sa.or_(
        sa.and_(outbox.c.state == "waiting", outbox.c.next_attempt_at <= now),
        sa.and_(outbox.c.state == "sending", outbox.c.leased_until <= now),
    )


def _overtakes() -> sa.ColumnElement[bool]:
    """Whether an earlier message of the same thread is still to be sent."""
    earlier = outbox.alias("earlier")
    return sa.exists().where(
        earlier.c.department == outbox.c.department,
        earlier.c.month == outbox.c.month,
        earlier.c.channel == outbox.c.channel,
        earlier.c.destination == outbox.c.destination,
        earlier.c.id < outbox.c.id,
        earlier.c.state.in_(("waiting", "sending")),
    )


def _head(connection: sa.Connection, row: Any) -> Mapping[str, Any] | None:
    """The receipt of the message that the thread hangs on; the latest head where one was lost."""
    receipts = connection.scalars(
        sa.select(delivery.c.receipt)
        .join(outbox, outbox.c.id == delivery.c.outbox_id)
        .where(
            outbox.c.department == row.department,
            outbox.c.month == row.month,
            outbox.c.channel == row.channel,
            outbox.c.destination == row.destination,
            delivery.c.outcome == "sent",
        )
        .order_by(delivery.c.id.desc())
        .limit(1)
    )
    found = receipts.first()
    return found.get("head") if isinstance(found, dict) else None


def _attempted(
    connection: sa.Connection,
    held: Claim,
    now: datetime,
    outcome: str,
    receipt: dict[str, Any] | None = None,
    error: str | None = None,
) -> None:
    connection.execute(
        sa.insert(delivery).values(
            outbox_id=held.id, attempted_at=now, outcome=outcome, receipt=receipt, error=error
        )
    )


def _settle(connection: sa.Connection, held: Claim, **values: Any) -> None:
    """Give the row back with `values`; also where the lease ran out meanwhile, as it was sent."""
    connection.execute(
        sa.update(outbox)
        .where(outbox.c.id == held.id)
        .values(leased_by=None, leased_until=None, **values)
    )


def _tell_operator(
    connection: sa.Connection, held: Claim, error: str, now: datetime, settings: Settings
) -> None:
    """One alert a channel and day: a bad token fails every message alike."""
    department = directory.named(directory.read(connection, local_day(now)), held.department)
    where = address(settings.route, department, OPERATOR)
    if where is None:
        return
    alert = Message(
        head=f"[yueqingling] messages through {held.channel} can't be delivered",
        lines=(
            Line("first", f"{held.step} {held.month} of {department.short_name}"),
            Line("to", f"{held.channel}:{held.destination}"),
            Line("attempts", str(held.attempts)),
            Line("error", error),
        ),
    )
    statement = insert_into(connection, outbox).on_conflict_do_nothing()
    connection.execute(
        statement.values(
            department=DISTRICT,
            month=held.month,
            step=f"undelivered-{held.channel}@{local_day(now)}",
            audience=OPERATOR,
            channel=where.channel,
            destination=where.destination,
            reason="undelivered",
            message=alert.document(),
            state="waiting",
            attempts=0,
            created_at=now,
            next_attempt_at=now,
        )
    )
