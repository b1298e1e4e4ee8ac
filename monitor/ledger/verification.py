"""Verification (验证): whether every sealed figure is as it was sealed, and which isn't.

A seal is checked as it is kept, character by character: by its own hash, by the hash of each
department's statement in it and the marks of its figures, by the chain, and against what is kept of
it outside the document.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from monitor.ledger import revisions
from monitor.ledger.revisions import Reopening
from monitor.ledger.seals import head_marks, marks, places, statement_digest
from monitor.store.tables import seal, statement
from monitor.words import Word


class Fault(Word):
    """How something sealed is not what it was."""

    DOCUMENT = "document", "封存文档与其哈希不符"
    STATEMENT = "statement", "该部门的封存数字被改动"
    COLUMN = "column", "封存记录的列与封存文档不符"
    CHAIN = "chain", "前一封存缺失或被替换"
    STATE = "state", "统计表中的封存状态与封存文档不符"
    REOPENING = "reopening", "重新打开的记录缺失或与封存文档不符"
    EXPECTED = "expected", "封存链中没有给定的哈希"


@dataclass(frozen=True, slots=True)
class Broken:
    """A seal, or one department's part of it, that isn't what was sealed.

    `month`, `revision` and `department` are None where no one of them is at fault; `figure` names
    what was changed of the department's part, as `backlog` or `figures.timely_ratio`, or of the
    document, as `close_at`, `rule.close` or `statements.CODE`; None where that isn't known.
    """

    month: str | None
    revision: int | None
    department: str | None
    fault: Fault
    figure: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a verification: how many seals there are, the last one's hash, the faults."""

    seals: int
    last_hash: str | None
    broken: tuple[Broken, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A seal as the store keeps it; `document` is empty where `text` is no object."""

    month: str
    revision: int
    sealed_at: datetime
    text: str
    document: Mapping[str, Any]
    previous_hash: str | None
    hash: str

    @property
    def statements(self) -> Sequence[Mapping[str, Any]]:
        """The departments' statements in the document, as far as it has any."""
        found = self.document.get("statements")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def broken(
        self, fault: Fault, department: str | None = None, figure: str | None = None
    ) -> Broken:
        """What is wrong with this seal, or with the department's part of it."""
        return Broken(self.month, self.revision, department, fault, figure)


Reopenings = Mapping[tuple[str, int], Reopening]
"""By month and the revision that holds no longer."""


def verify(connection: sa.Connection, expected_hash: str | None = None) -> Verdict:
    """Look at every seal, in the order of sealing.

    Whoever can write to the store can forge the whole chain from some month on. `expected_hash`, a
    last hash that was noted elsewhere, finds that too.
    """
    rows = list(_read(connection))
    place = places((each.hash, each.previous_hash) for each in rows)
    kept = sorted(rows, key=lambda each: place.get(each.hash, len(place)))
    last_hash = kept[-1].hash if kept else None
    reopened = revisions.read(connection)
    broken = [fault for each in kept for fault in _within(each)]
    broken += _chain(kept)
    broken += _reopenings(kept, reopened)
    broken += _states(connection, kept, reopened)
    if expected_hash is not None and expected_hash not in {each.hash for each in kept}:
        broken.append(Broken(None, None, None, Fault.EXPECTED))
    return Verdict(len(kept), last_hash, tuple(broken))


def _read(connection: sa.Connection) -> Iterator[_Kept]:
    query = sa.select(
        seal.c.month,
        seal.c.revision,
        seal.c.sealed_at,
        sa.type_coerce(seal.c.document, sa.Text).label("text"),
        seal.c.previous_hash,
        seal.c.hash,
    ).order_by(seal.c.month, seal.c.revision)
    for row in connection.execute(query):
        try:
            document = json.loads(row.text)
        except ValueError:
            document = None
        yield _Kept(
            month=row.month,
            revision=row.revision,
            sealed_at=row.sealed_at,
            text=row.text,
            document=document if isinstance(document, dict) else {},
            previous_hash=row.previous_hash,
            hash=row.hash,
        )


def _within(kept: _Kept) -> Iterator[Broken]:
    """What a seal says against itself."""
    if sha256(kept.text.encode()).hexdigest() != kept.hash:
        named = _differing(kept.document.get("marks"), head_marks(kept.document))
        for member in named or (None,):
            yield kept.broken(Fault.DOCUMENT, figure=member)
    document: Mapping[str, Any] = {"revision": 1, **kept.document}
    columns = {
        "month": kept.month,
        "revision": kept.revision,
        "sealed_at": kept.sealed_at.isoformat(),
        "previous_hash": kept.previous_hash,
    }
    for name, value in columns.items():
        if kept.document and document.get(name) != value:
            yield kept.broken(Fault.COLUMN, figure=name)
    for each in kept.statements:
        if "hash" in each and statement_digest(each) != each["hash"]:
            for figure in _differing(each.get("marks"), marks(each)) or (None,):
                yield kept.broken(Fault.STATEMENT, str(each.get("department")), figure)


def _differing(sealed: object, found: Mapping[str, str]) -> list[str]:
    """What was changed, added or taken away, by the marks that were sealed and those found."""
    if not isinstance(sealed, dict):
        return []
    names = sorted(sealed.keys() | found.keys())
    return [name for name in names if sealed.get(name) != found.get(name)]


def _chain(kept: Sequence[_Kept]) -> Iterator[Broken]:
    """The seals that name another before them than the one that is there."""
    previous: str | None = None
    for each in kept:
        if each.previous_hash != previous:
            yield each.broken(Fault.CHAIN)
        previous = each.hash


def _reopenings(kept: Sequence[_Kept], reopened: Reopenings) -> Iterator[Broken]:
    """The seals that follow one of their month which was reopened otherwise than they say."""
    hashes = {(each.month, each.revision): each.hash for each in kept}
    for each in kept:
        before = (each.month, each.revision - 1)
        found = reopened.get(before)
        told = found and {
            "hash": hashes.get(before),
            "reopened_at": found.at.isoformat(),
            "reason": found.reason,
        }
        if each.document.get("follows") != told:
            yield each.broken(Fault.REOPENING)


def _states(
    connection: sa.Connection, kept: Sequence[_Kept], reopened: Reopenings
) -> Iterator[Broken]:
    """The departments whose sealed state in the statements is not the one in the seal."""
    query = sa.select(statement.c.month, statement.c.department, statement.c.sealed_state).where(
        statement.c.sealed_state.is_not(None)
    )
    shown = {(row.month, row.department): row.sealed_state for row in connection.execute(query)}
    holding = {each.month: each for each in kept if (each.month, each.revision) not in reopened}
    sealed = {
        (each.month, str(of_department.get("department"))): of_department.get("state")
        for each in holding.values()
        for of_department in each.statements
    }
    for month, department in sorted(shown.keys() | sealed.keys()):
        if shown.get((month, department)) != sealed.get((month, department)):
            revision = holding[month].revision if month in holding else None
            yield Broken(month, revision, department, Fault.STATE)
