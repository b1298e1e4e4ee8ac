"""How each source stands, told from its runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from monitor.config import Settings, SourceSettings
from monitor.sources import counts
from monitor.sources.counts import Count, What
from monitor.sources.notes import unknown_lines
from monitor.sources.runs import ANSWERED, Outcome
from monitor.store.tables import run

State = Literal["fresh", "stale", "failing", "never"]


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source: `fresh` was read within `fresh_within`, `stale` before that, `failing` could not
    be read (or not wholly) at its last pull, `never` was not pulled yet.

    The counts are those of its last pull. `last_success` is when a pull that read everything ended.
    """

    source: str
    feed: str
    state: State
    last_success: datetime | None = None
    read: int = 0
    landed: int = 0
    unchanged: int = 0
    malformed: int = 0
    error: str | None = None
    warnings: tuple[str, ...] = ()


def source_states(
    connection: sa.Connection, settings: Settings, now: datetime
) -> Sequence[SourceState]:
    """The state of every source, in the settings' order."""
    pulls = sa.and_(run.c.job == "pull", run.c.outcome.in_([*ANSWERED, Outcome.FAILED]))
    last = sa.select(sa.func.max(run.c.id)).where(pulls).group_by(run.c.source)
    runs = {row.source: row for row in connection.execute(sa.select(run).where(run.c.id.in_(last)))}
    successes: dict[str | None, datetime] = {
        row.source: row.at
        for row in connection.execute(
            sa.select(run.c.source, sa.func.max(run.c.finished_at).label("at"))
            .where(run.c.job == "pull", run.c.outcome == Outcome.OK)
            .group_by(run.c.source)
        )
    }
    counted = counts.read(connection)
    return [
        _state(
            source,
            runs.get(source.name),
            successes.get(source.name),
            counted.get(source.name, {}),
            settings,
            now,
        )
        for source in settings.source
    ]


def _state(
    source: SourceSettings,
    last: sa.Row[Any] | None,
    success: datetime | None,
    counted: Mapping[What, Mapping[str, Count]],
    settings: Settings,
    now: datetime,
) -> SourceState:
    if last is None:
        return SourceState(source.name, source.feed, "never")
    state: State = "fresh"
    if last.outcome != Outcome.OK:
        state = "failing"
    elif success is None or now - success > settings.month_zero.fresh_within:
        state = "stale"
    unknown = {
        what: {name: count.count for name, count in named.items()}
        for what, named in counted.items()
    }
    return SourceState(
        source=source.name,
        feed=source.feed,
        state=state,
        last_success=success,
        read=last.rows_read,
        landed=last.rows_landed,
        unchanged=last.rows_unchanged,
        malformed=last.rows_malformed,
        error=last.error,
        warnings=(*(last.details or {}).get("warnings", ()), *unknown_lines(unknown)),
    )
