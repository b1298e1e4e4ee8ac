"""The check: facts, judgement, ledger, statements and the messages that follow from them.

Two transactions. The first makes the facts of the queued records and judges them; it empties the
queue it reads, so a crash before its commit leaves the queue as it was. The second makes the
statements from what the store holds and plans messages beside them; run again it makes the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import sqlalchemy as sa
import structlog

from expectations import loading, month_zero
from expectations.judge import JudgeReport, judge
from expectations.suites import Suite
from monitor.config import Settings
from monitor.ledger import links, making
from monitor.notify import outbox
from monitor.sources import runs
from monitor.store import Store, queue
from monitor.store.tables import run

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check did; `statements` counts those of which something changed.

    `judged` counts the records that were queued, `changed_rules` the rules judged for every record
    because they are new or say something else.
    """

    judged: int
    changed_rules: int
    findings: int
    statements: int
    planned: int
    disagreements: tuple[str, ...]
    seconds: float


def check(store: Store, settings: Settings, now: datetime) -> CheckReport:
    """Judge what is queued, then make the statements as of `now` and plan what is due."""
    begun = monotonic()
    loaded = loading.load_suites(settings)
    with store.writing() as connection:
        first = _judge(connection, loaded, settings, now)
    with store.writing() as connection:
        # What landed meanwhile is judged too: a statement counts nothing that nobody judged.
        late = _judge(connection, loaded, settings, now)
        made = making.make(connection, settings, now)
        disagreements = month_zero.judge_statements(connection, loaded)
        planned = outbox.plan(connection, settings, now)
        connection.execute(
            sa.insert(run).values(job="check", started_at=now, finished_at=now, outcome="ok")
        )
        runs.prune(connection, "check")
    for line in disagreements:
        log.error("the ledger and the suite month_zero differ", difference=str(line))
    report = CheckReport(
        judged=first.judged + late.judged,
        changed_rules=first.changed_rules + late.changed_rules,
        findings=first.findings + late.findings,
        statements=made.statements,
        planned=planned,
        disagreements=tuple(str(line) for line in disagreements),
        seconds=monotonic() - begun,
    )
    log.info("check", judged=report.judged, findings=report.findings, planned=report.planned)
    return report


def _judge(
    connection: sa.Connection, loaded: Iterable[Suite], settings: Settings, now: datetime
) -> JudgeReport:
    """Make the facts of what is queued and judge it."""
    queue.hold(connection)
    links.refresh(connection, settings, now)
    return judge(connection, loaded, now)
