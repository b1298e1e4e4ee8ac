"""The past of a source: what its runs tell, the last ones first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.sources.counts import ROWS
from monitor.sources.runs import ANSWERED, Outcome
from monitor.store.tables import run


@dataclass(frozen=True, slots=True)
class Run:
    """One pull of a source; `again` says what it was to read again: `all`, or from which day on."""

    source: str
    outcome: Outcome
    started_at: datetime
    finished_at: datetime | None
    rows: Mapping[str, int]  # read, landed, unchanged, malformed
    error: str | None
    malformed_cells: Mapping[str, int]  # by column
    warnings: tuple[str, ...]
    again: str | None

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it goes on."""
        return (
            None
            if self.finished_at is None
            else (self.finished_at - self.started_at).total_seconds()
        )


@dataclass(frozen=True, slots=True)
class Past:
    """`last` ended by itself; `begun_at` is when the last one began, however it ended;
    `success_at` is when one that read everything ended; `failures` in a row could not read the
    source since it last answered.
    """

    begun_at: datetime | None = None
    last: Run | None = None
    success_at: datetime | None = None
    failures: int = 0

    @property
    def last_started_at(self) -> datetime | None:
        """When the last one that ended by itself began."""
        return None if self.last is None else self.last.started_at


def read(connection: sa.Connection) -> Mapping[str, Past]:
    """The past of every source that was ever pulled."""
    ended = run.c.outcome.in_([*ANSWERED, Outcome.FAILED])
    told = (
        sa.select(
            run.c.source,
            sa.func.max(run.c.started_at).label("begun_at"),
            sa.func.max(sa.case((ended, run.c.id))).label("last"),
            sa.func.max(sa.case((run.c.outcome.in_(ANSWERED), run.c.id))).label("answered"),
            sa.func.max(sa.case((run.c.outcome == Outcome.OK, run.c.finished_at))).label(
                "success_at"
            ),
        )
        .where(run.c.job == "pull")
        .group_by(run.c.source)
        .subquery()
    )
    other = run.alias()
    failures = (
        sa.select(sa.func.count())
        .where(
            other.c.job == "pull",
            other.c.source == told.c.source,
            other.c.outcome == Outcome.FAILED,
            other.c.id > sa.func.coalesce(told.c.answered, 0),
        )
        .scalar_subquery()
    )
    query = sa.select(
        told.c.source,
        told.c.begun_at,
        told.c.last,
        told.c.success_at,
        failures.label("failures"),
        *_columns(),
    ).join_from(told, run, run.c.id == told.c.last, isouter=True)
    return {
        row.source: Past(
            begun_at=row.begun_at,
            last=None if row.last is None else _run(row),
            success_at=row.success_at,
            failures=row.failures,
        )
        for row in connection.execute(query)
    }


def latest(connection: sa.Connection, each: int) -> Mapping[str, Sequence[Run]]:
    """The last `each` runs of every source, the latest first."""
    numbered = sa.func.row_number().over(partition_by=run.c.source, order_by=run.c.id.desc())
    ranked = sa.select(run.c.id, numbered.label("n")).where(run.c.job == "pull").subquery()
    query = (
        sa.select(run.c.source, *_columns())
        .join(ranked, ranked.c.id == run.c.id)
        .where(ranked.c.n <= each)
        .order_by(run.c.source, run.c.id.desc())
    )
    found: dict[str, list[Run]] = {}
    for row in connection.execute(query):
        found.setdefault(row.source, []).append(_run(row))
    return found


def _columns() -> list[sa.ColumnElement[Any]]:
    names = ("outcome", "started_at", "finished_at", "error", "details")
    return [*(run.c[name] for name in names), *(run.c[f"rows_{name}"] for name in ROWS)]


def _run(row: sa.Row[Any]) -> Run:
    details = row.details or {}
    return Run(
        source=row.source,
        outcome=Outcome(row.outcome),
        started_at=row.started_at,
        finished_at=row.finished_at,
        rows={name: getattr(row, f"rows_{name}") for name in ROWS},
        error=row.error,
        malformed_cells=details.get("malformed", {}),
        warnings=tuple(details.get("warnings", ())),
        again="all" if details.get("all") else details.get("since"),
    )
