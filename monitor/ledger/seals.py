"""Seals (封存): the frozen document of a closed month, and the chain that shows later changes.

A seal's hash is the SHA-256 of its canonical document (UTF-8 JSON, sorted keys, no blanks), which
holds the hash of the seal before it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger.account import Account
from monitor.ledger.freshness import all_read_since, close_at, seal_deadline
from monitor.ledger.states import judged
from monitor.store.tables import seal
from monitor.workdays import Month

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Broken:
    """A seal that isn't what was sealed."""

    month: str
    what: str


def sealed_months(connection: sa.Connection) -> frozenset[str]:
    """The months that have a seal."""
    return frozenset(connection.scalars(sa.select(seal.c.month)))


def due(
    connection: sa.Connection, settings: Settings, now: datetime, months: Iterable[Month]
) -> list[Month]:
    """Which of `months` (oldest first) can be sealed now.

    A month can once every source has been read whole after its close, at the latest at the end of
    the grace; and never before the month before it.
    """
    sealed = sealed_months(connection)
    ready: list[Month] = []
    for month in months:
        if str(month) in sealed:
            continue
        closing = close_at(month, settings)
        if closing > now or not (
            now >= seal_deadline(month, settings) or all_read_since(connection, settings, closing)
        ):
            break
        ready.append(month)
    return ready


def make(
    connection: sa.Connection,
    settings: Settings,
    now: datetime,
    month: Month,
    accounts: Sequence[Account],
) -> None:
    """Seal `month` with what `accounts` say of it as of its close."""
    previous = connection.scalar(sa.select(seal.c.hash).order_by(seal.c.month.desc()).limit(1))
    document = {
        "format": FORMAT,
        "month": str(month),
        "close_at": close_at(month, settings).isoformat(),
        "sealed_at": now.isoformat(),
        "previous_hash": previous,
        "rule": settings.month_zero.model_dump(mode="json"),
        "statements": [_frozen(account) for account in accounts],
    }
    connection.execute(
        sa.insert(seal).values(
            month=str(month),
            sealed_at=now,
            document=document,
            previous_hash=previous,
            hash=digest(document),
        )
    )


def digest(document: dict[str, Any]) -> str:
    """The SHA-256 of a document's canonical form, in hexadecimal."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def verify(connection: sa.Connection) -> list[Broken]:
    """The seals that were changed after they were made, oldest first; empty where none was."""
    broken: list[Broken] = []
    previous: str | None = None
    for row in connection.execute(sa.select(seal).order_by(seal.c.month)):
        if digest(row.document) != row.hash:
            broken.append(Broken(row.month, "the document is not what was hashed"))
        if row.previous_hash != previous or row.document.get("previous_hash") != previous:
            broken.append(Broken(row.month, "the seal before it is not the one it names"))
        previous = row.hash
    return broken


def _frozen(account: Account) -> dict[str, Any]:
    reasons: dict[str, int] = {}
    for each in account.tallies:
        reasons[each.reason] = reasons.get(each.reason, 0) + each.count
    return {
        "department": account.department,
        "state": judged(account.position).value,
        "in_scope": account.in_scope,
        "obligations": account.obligations,
        "backlog": account.backlog,
        "backlog_of_month": account.backlog_of_month,
        "pending": account.pending,
        "carried": account.carried,
        "reasons": reasons,
        "silent": account.silent,
        "expected_measured": account.expected_measured,
        "not_measured": list(account.not_measured),
        "zero": account.zero,
        "zero_of_month": account.zero_of_month,
        "figures": account.figures,
        "moved_out": dict(account.moved_out),
    }
