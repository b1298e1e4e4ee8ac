"""The runs of the sources' pulls: begun, ended, and forgotten when there are many.

The table `run` is what due times and breakers are told from, so every instance tells the same. What
an ended run adds up to goes into `source_count` in the transaction that ends it.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from monitor.sources import counts
from monitor.sources.counts import ROWS, What
from monitor.store.tables import run

KEPT = 1_000
"""How many runs of a job and source are kept at least."""


class Outcome(StrEnum):
    """How a pull ended, or that it has not."""

    RUNNING = "running"
    OK = "ok"  # everything was read
    PARTIAL = "partial"  # the source was read; parts of it were refused
    FAILED = "failed"  # nothing (more) could be read, or the pull was cut off
    STOPPED = "stopped"  # it was asked to end


ANSWERED = (Outcome.OK, Outcome.PARTIAL)
"""The outcomes of a pull whose source was there to be read."""


def begin(connection: sa.Connection, source: str, now: datetime, details: Mapping[str, Any]) -> int:
    """Write that a pull of the source begins; gives the run's number.

    The caller holds the source's lease, so a run that is still open was cut off: it ends here.
    """
    _close(
        connection,
        sa.and_(run.c.job == "pull", run.c.source == source),
        Outcome.FAILED,
        now,
        error="cut off before its end",
    )
    number: int = connection.execute(
        sa.insert(run)
        .values(
            job="pull",
            source=source,
            started_at=now,
            outcome=Outcome.RUNNING,
            details=dict(details),
        )
        .returning(run.c.id)
    ).scalar_one()
    return number


def end(
    connection: sa.Connection,
    number: int,
    outcome: Outcome,
    now: datetime,
    error: str | None,
    details: Mapping[str, Any],
    *,
    read_all: bool = False,
) -> None:
    """Write how the run ended, add it to the source's counts, and forget old runs of the source.

    One that `read_all` that the source has tells of all that is unknown in it: its counts of that
    take the place of the earlier ones. A run that somebody else ended meanwhile, having taken the
    lease over, is left as it is.
    """
    source = _close(
        connection,
        run.c.id == number,
        outcome,
        now,
        read_all=read_all,
        error=error,
        details=dict(details),
    )
    if source is not None:
        prune(connection, "pull", source)


def prune(connection: sa.Connection, job: str, source: str | None = None) -> None:
    """Forget the runs of a job (and source) beyond the last KEPT.

    The first and the last good one stay, and those of failures since the source last answered.
    """
    mine = sa.and_(run.c.job == job, run.c.source == source)
    good = sa.select(sa.func.min(run.c.id), sa.func.max(run.c.id)).where(
        mine, run.c.outcome == Outcome.OK
    )
    answered = sa.select(sa.func.max(run.c.id)).where(mine, run.c.outcome.in_(ANSWERED))
    beyond = sa.select(run.c.id).where(mine).order_by(run.c.id.desc()).offset(KEPT).limit(1)
    last = connection.scalar(beyond)
    if last is None:
        return
    first_good, last_good = connection.execute(good).one()
    connection.execute(
        sa.delete(run).where(
            mine,
            run.c.id <= min(last, connection.scalar(answered) or 0),
            run.c.id.not_in([number for number in (first_good, last_good) if number is not None]),
        )
    )


def _close(
    connection: sa.Connection,
    which: sa.ColumnElement[bool],
    outcome: Outcome,
    now: datetime,
    *,
    read_all: bool = False,
    **values: Any,
) -> str | None:
    """End the run that is open, where there is one; gives its source."""
    closed = connection.execute(
        sa.update(run)
        .where(which, run.c.outcome == Outcome.RUNNING)
        .values(outcome=outcome, finished_at=now, **values)
        .returning(run.c.source, run.c.details, *(run.c[f"rows_{name}"] for name in ROWS))
    ).one_or_none()
    if closed is None or closed.source is None:
        return None
    details = closed.details or {}
    added = {
        What.PULLS: {str(outcome): 1},
        What.ROWS: {name: getattr(closed, f"rows_{name}") for name in ROWS},
        What.MALFORMED: details.get("malformed", {}),
    }
    unknown = {
        What.COLUMN: details.get("unknown_columns", {}),
        What.DEPARTMENT: details.get("unknown_departments", {}),
    }
    counts.add(connection, closed.source, added, now)
    (counts.put if read_all else counts.add)(connection, closed.source, unknown, now)
    return str(closed.source)
