"""The audit trail (审计记录): what people entered, ended or withdrew, who did it, when and why.

It is only ever added to. Names of persons stay here and in what the office prints of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.errors import EntryError
from monitor.store.tables import audit


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody did, as it was noted in the transaction that did it."""

    at: datetime
    actor: str
    action: str
    details: Mapping[str, Any]


def refuse_blank(what: str, text: str | None) -> None:
    """Refuse an entry that leaves out what the trail has to tell. Raises EntryError."""
    if text is None or not text.strip():
        raise EntryError(f"expected {what}, found nothing")


def note(
    connection: sa.Connection, at: datetime, actor: str, action: str, details: Mapping[str, Any]
) -> None:
    """Add an entry, in the transaction that does what it tells of."""
    connection.execute(
        sa.insert(audit).values(at=at, actor=actor, action=action, details=dict(details))
    )


def read(connection: sa.Connection, since: datetime | None = None) -> list[Entry]:
    """The entries in the order in which they were made, those at `since` and later where given."""
    query = sa.select(audit.c.at, audit.c.actor, audit.c.action, audit.c.details)
    if since is not None:
        query = query.where(audit.c.at >= since)
    return [Entry(*row) for row in connection.execute(query.order_by(audit.c.id))]
