"""Closing (清零): which months are sealed, can be, or wait, and for what."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import freshness, revisions
from monitor.ledger.revisions import Reopening
from monitor.words import Word
from monitor.workdays import Month, local_day


class Standing(Word):
    """Where a month stands on its way to the seal."""

    SEALED = "sealed", "已封存"
    DUE = "due", "可封存"
    OPEN = "open", "未到清零时点"
    READING = "reading", "等待数据来源"
    AFTER = "after", "等待前一月份封存"


@dataclass(frozen=True, slots=True)
class Prospect:
    """A month on its way to the seal.

    `unread` are the sources that it waits for, or that it would be sealed without: they were not
    read whole since the close. At `deadline` it no longer waits. `reopened` where it was sealed
    before, and is to be sealed anew.
    """

    month: Month
    standing: Standing
    close_at: datetime
    deadline: datetime
    unread: tuple[str, ...]
    reopened: Reopening | None = None


def prospects(
    connection: sa.Connection, settings: Settings, now: datetime, months: Iterable[Month]
) -> list[Prospect]:
    """Where each of `months` (oldest first) stands.

    A reopened month waits for its sources as one that just closed, from the day of the reopening.
    """
    sealed = revisions.sealed_months(connection)
    reopened = revisions.waiting(connection)
    begun = freshness.last_begun(connection)

    def found() -> Iterator[Prospect]:
        is_held = False
        for month in months:
            closing = freshness.close_at(month, settings)
            reopening = reopened.get(str(month))
            deadline = (
                freshness.grace_end(local_day(reopening.at), settings)
                if reopening
                else freshness.seal_deadline(month, settings)
            )
            unread = tuple(
                source.name
                for source in settings.source
                if (at := begun.get(source.name)) is None or at < closing
            )
            if str(month) in sealed:
                standing = Standing.SEALED
            elif closing > now:
                standing = Standing.OPEN
            elif is_held:
                standing = Standing.AFTER
            elif unread and now < deadline:
                standing = Standing.READING
            else:
                standing = Standing.DUE
            is_held = is_held or standing in (Standing.OPEN, Standing.READING)
            matters = standing in (Standing.READING, Standing.DUE)
            yield Prospect(month, standing, closing, deadline, unread if matters else (), reopening)

    return list(found())
