"""Seals (封存): the frozen document of a closed month, and the chain that shows later changes.

A seal's hash is the SHA-256 of its canonical document (UTF-8 JSON, sorted keys, no blanks), which
holds the hash of the seal before it. Each department's statement in it has a hash of its own, made
in the same way of all its other members, so that a change can be told by department; and a mark for
each figure, so that it can be told by figure. The document has such marks of its own members, too.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import closing, revisions
from monitor.ledger.account import Account
from monitor.ledger.freshness import close_at
from monitor.ledger.revisions import Reopening
from monitor.ledger.states import judged
from monitor.store.tables import seal
from monitor.store.types import canonical
from monitor.words import DISTRICT, MonthState
from monitor.workdays import Month

FORMAT = 5
"""Since 2 each statement has its own hash, since 4 marks of its figures, since 5 the document those
of its other members; since 3 it says which one of its month it follows."""

_MARK_LENGTH = 8
"""Hexadecimal digits of a mark. It only tells what was changed; the hash proves that."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A row of the table `seal`."""

    month: Month
    revision: int
    sealed_at: datetime
    document: Mapping[str, Any]
    hash: str
    reopened: Reopening | None
    """Since when it holds no longer; None for the one that holds."""

    @property
    def states(self) -> Counter[MonthState]:
        """How many departments were sealed in which state; those in scope alone."""
        return Counter(
            MonthState(each["state"])
            for each in self.document["statements"]
            if each["in_scope"] and each["department"] != DISTRICT
        )

    def to_json(self) -> dict[str, Any]:
        """The seal as it is exported: what can be verified with the document alone."""
        return {
            "month": str(self.month),
            "revision": self.revision,
            "hash": self.hash,
            "document": self.document,
        }


def read(connection: sa.Connection) -> list[Seal]:
    """The seals in the order of the chain."""
    rows = connection.execute(sa.select(seal).order_by(seal.c.month, seal.c.revision)).all()
    reopened = revisions.read(connection)
    place = places((row.hash, row.previous_hash) for row in rows)
    return [
        Seal(
            month=Month.parse(row.month),
            revision=row.revision,
            sealed_at=row.sealed_at,
            document=row.document,
            hash=row.hash,
            reopened=reopened.get((row.month, row.revision)),
        )
        for row in sorted(rows, key=lambda row: place.get(row.hash, len(place)))
    ]


def holding(connection: sa.Connection, month: Month, at: datetime | None = None) -> Seal | None:
    """The seal that holds for a month, or held at an instant.

    None where it isn't sealed, or was reopened.
    """
    query = sa.select(seal).where(seal.c.month == str(month), revisions.holds(at))
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Seal(month, row.revision, row.sealed_at, row.document, row.hash, reopened=None)


def places(links: Iterable[tuple[str, str | None]]) -> Mapping[str, int]:
    """Where each hash stands in the chain, from pairs of a seal's hash and the one it names.

    The order is that of sealing: a month of which records come late can follow a later one. What
    the chain doesn't reach has no place.
    """
    after = {previous: own for own, previous in links}
    place: dict[str, int] = {}
    last = after.get(None)
    while last is not None and last not in place:
        place[last] = len(place)
        last = after.get(last)
    return place


def due(
    connection: sa.Connection, settings: Settings, now: datetime, months: Iterable[Month]
) -> list[Month]:
    """Which of `months` (oldest first) can be sealed now.

    A month can once every source has been read whole after its close, at the latest at the end of
    the grace; and never before the month before it.
    """
    found = closing.prospects(connection, settings, now, months)
    return [each.month for each in found if each.standing is closing.Standing.DUE]


def make(
    connection: sa.Connection,
    settings: Settings,
    now: datetime,
    month: Month,
    accounts: Sequence[Account],
) -> None:
    """Seal `month` with what `accounts` say of it as of its close; anew where it was reopened."""
    previous = _last_hash(connection)
    reopened = revisions.waiting(connection).get(str(month))
    revision = reopened.revision + 1 if reopened else 1
    document: dict[str, Any] = {
        "format": FORMAT,
        "month": str(month),
        "revision": revision,
        "follows": _followed(connection, reopened) if reopened else None,
        "close_at": close_at(month, settings).isoformat(),
        "sealed_at": now.isoformat(),
        "previous_hash": previous,
        "rule": _plain(settings.month_zero.model_dump(mode="json")),
        "statements": [_frozen(account) for account in accounts],
    }
    document["marks"] = head_marks(document)
    connection.execute(
        sa.insert(seal).values(
            month=str(month),
            revision=revision,
            sealed_at=now,
            document=document,
            previous_hash=previous,
            hash=digest(document),
        )
    )


def _plain(value: Any) -> Any:
    """The value with whole numbers as such: 20.0 is 20 to all who write JSON but Python's."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _followed(connection: sa.Connection, reopened: Reopening) -> dict[str, Any]:
    """What a seal says of the one of the same month that holds no longer."""
    query = sa.select(seal.c.hash).where(
        seal.c.month == str(reopened.month), seal.c.revision == reopened.revision
    )
    return {
        "hash": connection.execute(query).scalar_one(),
        "reopened_at": reopened.at.isoformat(),
        "reason": reopened.reason,
    }


def _last_hash(connection: sa.Connection) -> str | None:
    """The end of the chain."""
    rows = connection.execute(sa.select(seal.c.hash, seal.c.previous_hash))
    place = places((row.hash, row.previous_hash) for row in rows)
    return max(place, key=place.__getitem__, default=None)


def digest(document: Mapping[str, Any]) -> str:
    """The SHA-256 of a document's canonical form, in hexadecimal."""
    return sha256(canonical(document).encode()).hexdigest()


def statement_digest(frozen: Mapping[str, Any]) -> str:
    """The hash of a department's statement in a seal: of all that it says beside the hash."""
    return digest({name: value for name, value in frozen.items() if name != "hash"})


def _frozen(account: Account) -> dict[str, Any]:
    """A department's statement as it is sealed, with its marks and its hash."""
    told = _told(account)
    frozen = told | {"marks": marks(told)}
    return frozen | {"hash": statement_digest(frozen)}


def marks(told: Mapping[str, Any]) -> dict[str, str]:
    """A mark of each figure in a department's statement: `backlog`, `figures.timely_ratio` …"""
    return {name: _mark(value) for name, value in _named(told)}


def head_marks(document: Mapping[str, Any]) -> dict[str, str]:
    """A mark of each member of a document: `close_at`, `rule.close`, `statements.CODE` …

    What a department's statement says is told by its own marks; here stands which ones there are.
    """
    return {name: _mark(value) for name, value in _members(document)}


def _members(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if name == "statements" and isinstance(value, list):
            parts = [each for each in value if isinstance(each, dict)]
            yield from ((f"{name}.{each.get('department')}", each.get("hash")) for each in parts)
        elif name == "rule" and isinstance(value, dict):
            yield from ((f"{name}.{key}", each) for key, each in value.items())
        elif name != "marks":
            yield name, value


def _mark(value: Any) -> str:
    return sha256(canonical(value).encode()).hexdigest()[:_MARK_LENGTH]


def _named(told: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in told.items():
        if name in ("hash", "marks"):
            continue
        if isinstance(value, dict):
            yield from ((f"{name}.{of}", each) for of, each in value.items())
        else:
            yield name, value


def _told(account: Account) -> dict[str, Any]:
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
        "moved_out_late": dict(account.moved_out_late),
    }
