"""The recount: every record judged anew, and compared with what checks made bit by bit.

A check judges and counts what changed. That nothing escaped it is shown by making everything anew:
findings, units, tallies and statements must come out the same. What differs is put right all the
same, and told.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog

from expectations import loading
from expectations.judge import judge
from monitor.config import Settings
from monitor.ledger import links, making, tallies
from monitor.store import Store, queue
from monitor.store.tables import finding, rule

log = structlog.get_logger()

Key = tuple[str, ...]
"""What is counted: department, month, kind, reason and state of a tally, or a rule's id."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A count that came out otherwise."""

    what: Key
    before: int
    after: int

    def __str__(self) -> str:
        return f"{' '.join(self.what)}: {self.before} before, {self.after} counted anew"


@dataclass(frozen=True, slots=True)
class Recount:
    """What judging everything came to.

    `tallies` is the number of tallies compared. `added` and `removed` are findings that checks had
    missed, or had kept though they no longer held; `units` and `statements` the rows of the ledger
    that came out otherwise. Where any of them isn't 0 there are differences.
    """

    records: int
    findings: int
    tallies: int
    added: int
    removed: int
    units: int
    statements: int
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether everything came out as the store had it."""
        found = (self.differences, self.added, self.removed, self.units, self.statements)
        return not any(found)


def recount(store: Store, settings: Settings, now: datetime) -> Recount:
    """Judge every record by every rule, make the statements as of `now`, compare.

    One transaction: killed, it leaves everything as it was. Who lands records waits meanwhile.
    """
    loaded = loading.load_suites(settings)
    with store.writing() as connection:
        queue.hold(connection)
        links.refresh(connection, settings, now)  # of what landed since the last check
        judge(connection, loaded, now)
        making.make(connection, settings, now)
        before, found_before = _tallies(connection), _findings(connection)
        links.refresh(connection, settings, now, everything=True)
        report = judge(connection, loaded, now)
        made = making.make(connection, settings, now, anew=True)
        after, found_after = _tallies(connection), _findings(connection)
    result = Recount(
        records=report.judged,
        findings=report.findings,
        tallies=len(after),
        added=report.added,
        removed=report.removed,
        units=made.units + made.counts,
        statements=made.statements,
        differences=(*_compared(before, after), *_compared(found_before, found_after)),
    )
    for difference in result.differences:
        log.error("counted anew, a figure differs", difference=str(difference))
    log.info("recount", records=result.records, findings=result.findings, same=result.same)
    return result


def _tallies(connection: sa.Connection) -> Mapping[Key, int]:
    return {
        (row.department, row.month, row.kind, row.reason, row.state): row.count
        for row in tallies.read(connection)
    }


def _findings(connection: sa.Connection) -> Mapping[Key, int]:
    """How many records fail each rule."""
    query = sa.select(rule.c.id, sa.func.count()).join(finding, finding.c.rule == rule.c.number)
    return {(name,): count for name, count in connection.execute(query.group_by(rule.c.id))}


def _compared(before: Mapping[Key, int], after: Mapping[Key, int]) -> Iterator[Difference]:
    old, new = Counter(before), Counter(after)
    for what in sorted({*old, *new}):
        if old[what] != new[what]:
            yield Difference(what, old[what], new[what])
