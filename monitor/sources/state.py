"""How each source stands, told from its runs and counts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from monitor.config import Settings, SourceSettings
from monitor.sources import counts, past, unlanded
from monitor.sources.breaker import Breaker, breaker
from monitor.sources.counts import ROWS, Counts, What, unknown_lines
from monitor.sources.due import due_at
from monitor.sources.past import Past, Run
from monitor.sources.runs import Outcome

State = Literal["fresh", "stale", "failing", "never"]


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source: `fresh` was read within `fresh_within`, `stale` before that, `failing` could not
    be read (or not wholly) at its last pull, `never` was not pulled yet.

    `last` is its last pull that ended by itself, and `error` what that could not read, a line each;
    `last_success` is when one that read everything ended. `totals` counts all its pulls. `due_at`
    is when the daemon pulls it next; it lies in the past where that is overdue. `unlanded` counts
    the rows that are kept apart because they can't land.
    """

    source: str
    feed: str
    kind: str
    schedule: str
    state: State
    due_at: datetime
    breaker: Breaker
    last: Run | None = None
    last_success: datetime | None = None
    totals: Counts = field(default_factory=dict)
    error: str | None = None
    unlanded: int = 0

    @property
    def rows(self) -> Mapping[str, int]:
        """The rows of its last pull: read, landed, unchanged, malformed."""
        return dict.fromkeys(ROWS, 0) if self.last is None else self.last.rows

    @property
    def warnings(self) -> tuple[str, ...]:
        """What somebody should look at: of its last pull, and what is unknown so far."""
        of_last = () if self.last is None else self.last.warnings
        return (*of_last, *self._apart(), *unknown_lines(self.totals))

    def _apart(self) -> Iterator[str]:
        if self.unlanded:
            rows = "1 row is" if self.unlanded == 1 else f"{self.unlanded} rows are"
            yield (
                f"{rows} kept apart, for they can't land without what the feed {self.feed} is "
                "known by: yueqingling status --unlanded"
            )


def source_states(
    connection: sa.Connection, settings: Settings, now: datetime
) -> Sequence[SourceState]:
    """The state of every source, in the settings' order."""
    pasts, counted = past.read(connection), counts.read(connection)
    apart = unlanded.counts(connection)
    states = (
        _state(source, pasts.get(source.name, Past()), counted.get(source.name, {}), settings, now)
        for source in settings.source
    )
    return [replace(state, unlanded=apart.get(state.source, 0)) for state in states]


def _state(
    source: SourceSettings,
    past: Past,
    counted: Mapping[What, Mapping[str, counts.Count]],
    settings: Settings,
    now: datetime,
) -> SourceState:
    state: State = "fresh"
    if past.last is None:
        state = "never"
    elif past.last.outcome != Outcome.OK:
        state = "failing"
    elif past.success_at is None or now - past.success_at > settings.month_zero.fresh_within:
        state = "stale"
    resting = breaker(past, settings.pull, now)
    return SourceState(
        source=source.name,
        feed=source.feed,
        kind=source.kind,
        schedule=source.schedule,
        state=state,
        due_at=due_at(source, past, resting, now, settings.office.name),
        breaker=resting,
        last=past.last,
        last_success=past.success_at,
        totals={
            what: {name: count.count for name, count in named.items()}
            for what, named in counted.items()
        },
        error=None if past.last is None else past.last.error,
    )
