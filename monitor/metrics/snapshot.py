"""The snapshot: what the store says at one moment, read in a fixed number of statements.

It is immutable and swapped whole, so a scrape never sees half of a check; and it is read from
tables only, so every instance serves the same and a restart forgets nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

import sqlalchemy as sa

from monitor import directory
from monitor.config import Settings
from monitor.directory import Directory
from monitor.ledger import revisions, statements, zero_reports
from monitor.sources.state import SourceState, source_states
from monitor.store.tables import (
    behavior,
    delivery,
    finding,
    outbox,
    rule,
    run,
    seal,
    statement,
    tally,
    to_judge,
)
from monitor.words import DISTRICT, MonthState
from monitor.workdays import Month, local_day


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one department stands in one statement month: a row of `statement`."""

    department: str
    month: str
    as_of: datetime
    close_at: datetime
    in_scope: bool
    obligations: int
    backlog: int
    pending: int
    overdue: int
    carried: int
    oldest_due_at: datetime | None
    silent: bool
    expected_measured: bool
    not_measured: tuple[str, ...]
    zero: bool
    zero_of_month: bool
    sealed_state: str | None
    current_state: str
    figures: Mapping[str, Mapping[str, int]]

    @property
    def measured(self) -> bool:
        """Whether everything that decides the department's counts could be read."""
        return self.current_state != MonthState.NO_DATA and not self.not_measured


@dataclass(frozen=True, slots=True)
class Count:
    """A number of units of one department, month and kind, by what they are counted under."""

    department: str
    month: str
    kind: str
    under: str  # a reason, or a class of rules
    state: str  # time state; empty for rules
    count: int


@dataclass(frozen=True, slots=True)
class Messages:
    """The messages of the outbox in one state."""

    state: str
    count: int
    oldest_created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts to deliver through one channel that ended in one way."""

    channel: str
    outcome: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The store at `taken_at`, for the current and the previous statement month.

    `sources` may be later: how they stand is read after every pull.
    """

    taken_at: datetime
    months: tuple[str, ...]
    directory: Directory
    standings: tuple[Standing, ...]
    district: tuple[Standing, ...]
    backlog: tuple[Count, ...]
    failures: tuple[Count, ...]
    sources: tuple[SourceState, ...]
    job_successes: Mapping[str, datetime]  # when a job last ended well
    messages: tuple[Messages, ...]
    attempts: tuple[Attempts, ...]
    seals: Mapping[str, datetime]
    zero_reports: Mapping[tuple[str, str], bool]  # by department and month: contradicted or not
    unjudged: int
    check_every_seconds: float
    fresh_within_seconds: float  # how old the last good pull of a source may be
    coverage_targets: Mapping[str, float] = field(default_factory=dict)  # by month, 0 to 1

    @classmethod
    def read(cls, connection: sa.Connection, settings: Settings, now: datetime) -> "Snapshot":
        """Read the store in the caller's transaction; the number of statements is fixed."""
        current = Month.of(local_day(now))
        months = (str(current), str(current.shift(-1)))
        standings = _standings(connection, months)
        return cls(
            taken_at=now,
            months=months,
            directory=directory.whole(connection),
            standings=tuple(row for row in standings if row.department != DISTRICT),
            district=tuple(row for row in standings if row.department == DISTRICT),
            backlog=_backlog(connection, months),
            failures=_failures(connection, months),
            sources=tuple(source_states(connection, settings, now)),
            job_successes=MappingProxyType(_job_successes(connection)),
            messages=_messages(connection),
            attempts=_attempts(connection),
            seals=MappingProxyType(_seals(connection, months)),
            zero_reports=MappingProxyType(zero_reports.standing(connection, months)),
            coverage_targets=MappingProxyType(
                {
                    str(month): settings.month_zero.coverage_targets[(month.number - 1) // 3] / 100
                    for month in (current, current.shift(-1))
                }
            ),
            check_every_seconds=settings.serve.check_every.total_seconds(),
            fresh_within_seconds=settings.month_zero.fresh_within.total_seconds(),
            unjudged=connection.scalar(sa.select(sa.func.count()).select_from(to_judge)) or 0,
        )

    def with_sources(
        self, connection: sa.Connection, settings: Settings, now: datetime
    ) -> "Snapshot":
        """The same with the sources as they stand at `now`."""
        return replace(
            self,
            sources=tuple(source_states(connection, settings, now)),
            job_successes=MappingProxyType(_job_successes(connection)),
        )

    def stale_sources(self, now: datetime) -> tuple[str, ...]:
        """The sources that were not read well within their limit before `now`."""
        return tuple(
            source.source
            for source in self.sources
            if source.last_success is None
            or (now - source.last_success).total_seconds() > self.fresh_within_seconds
        )


def _standings(connection: sa.Connection, months: tuple[str, ...]) -> list[Standing]:
    as_of = statements.made_at(connection)
    query = (
        sa.select(statement)
        .where(statement.c.month.in_(months))
        .order_by(statement.c.department, statement.c.month)
    )
    return [
        Standing(
            department=row.department,
            month=row.month,
            as_of=as_of,
            close_at=row.close_at,
            in_scope=row.in_scope,
            obligations=row.obligations,
            backlog=row.backlog,
            pending=row.pending,
            overdue=row.overdue,
            carried=row.carried,
            oldest_due_at=row.oldest_due_at,
            silent=row.silent,
            expected_measured=row.expected_measured,
            not_measured=tuple(row.not_measured),
            zero=row.zero,
            zero_of_month=row.zero_of_month,
            sealed_state=row.sealed_state,
            current_state=row.current_state,
            figures=row.figures,
        )
        for row in connection.execute(query)
        if as_of is not None
    ]


def _backlog(connection: sa.Connection, months: tuple[str, ...]) -> tuple[Count, ...]:
    columns = (tally.c.department, tally.c.month, tally.c.kind, tally.c.reason, tally.c.state)
    query = (
        sa.select(*columns, tally.c.count)
        .where(tally.c.month.in_(months), tally.c.department != DISTRICT)
        .order_by(*columns)
    )
    return tuple(Count(*row) for row in connection.execute(query))


def _failures(connection: sa.Connection, months: tuple[str, ...]) -> tuple[Count, ...]:
    department = sa.func.coalesce(behavior.c.department, directory.UNKNOWN.code)
    columns = (department, behavior.c.month, behavior.c.kind, rule.c["class"])
    query = (
        sa.select(*columns, sa.literal(""), sa.func.count())
        .select_from(finding)
        .join(behavior, behavior.c.id == finding.c.behavior_id)
        .join(rule, rule.c.number == finding.c.rule)
        .where(behavior.c.month.in_(months), behavior.c.deleted_at.is_(None), rule.c.active)
        .group_by(*columns)
        .order_by(*columns)
    )
    return tuple(Count(*row) for row in connection.execute(query))


def _job_successes(connection: sa.Connection) -> dict[str, datetime]:
    query = (
        sa.select(run.c.job, sa.func.max(run.c.finished_at).label("at"))
        .where(run.c.outcome == "ok")
        .group_by(run.c.job)
        .order_by(run.c.job)
    )
    return {row.job: row.at for row in connection.execute(query)}


def _messages(connection: sa.Connection) -> tuple[Messages, ...]:
    query = (
        sa.select(outbox.c.state, sa.func.count(), sa.func.min(outbox.c.created_at))
        .group_by(outbox.c.state)
        .order_by(outbox.c.state)
    )
    return tuple(Messages(*row) for row in connection.execute(query))


def _attempts(connection: sa.Connection) -> tuple[Attempts, ...]:
    columns = (outbox.c.channel, delivery.c.outcome)
    query = (
        sa.select(*columns, sa.func.count(), sa.func.max(delivery.c.attempted_at))
        .select_from(delivery)
        .join(outbox, outbox.c.id == delivery.c.outbox_id)
        .group_by(*columns)
        .order_by(*columns)
    )
    return tuple(Attempts(*row) for row in connection.execute(query))


def _seals(connection: sa.Connection, months: tuple[str, ...]) -> dict[str, datetime]:
    query = sa.select(seal.c.month, seal.c.sealed_at).where(
        seal.c.month.in_(months), revisions.holds()
    )
    return {row.month: row.sealed_at for row in connection.execute(query)}
