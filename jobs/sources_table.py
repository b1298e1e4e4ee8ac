"""The sources' states as a table and as the machine form `status --sources --json`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from monitor.sources.breaker import BreakerState
from monitor.sources.counts import ROWS, What
from monitor.sources.past import Run
from monitor.sources.state import SourceState
from monitor.workdays import ZONE

WIDE = 100
"""From this many columns on the feeds are shown, and when each source is due."""
_STYLES = {
    "fresh": "green",
    "stale": "yellow",
    "failing": "bold red",
    "never": "magenta",
    "ok": "green",
    "partial": "yellow",
    "failed": "bold red",
}
_ROW_HEADERS = ("read", "landed", "same", "malformed")

Runs = Mapping[str, Sequence[Run]]


class SourcesTable:
    """One line a source: its state and the rows of its last pull; below, what is amiss.

    `remarks_each` bounds the remarks that are shown of one source.
    """

    def __init__(
        self, states: Sequence[SourceState], now: datetime, remarks_each: int | None = None
    ) -> None:
        self._states = states
        self._now = now
        self._remarks_each = remarks_each

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table as wide as the terminal allows."""
        if not self._states:
            yield Text("no source is set up: add a [[source]] to the settings file", "yellow")
            return
        yield self._table(wide=options.max_width >= WIDE)
        yield from remarks(self._states, self._remarks_each)

    def _table(self, *, wide: bool) -> Table:
        table = _framed()
        table.add_column("source", overflow="fold")
        if wide:
            table.add_column("feed", no_wrap=True)
        table.add_column("state", no_wrap=True)
        table.add_column("last success", min_width=11)
        if wide:
            table.add_column("due", no_wrap=True)
        for name in _ROW_HEADERS:
            table.add_column(name, justify="right", no_wrap=True)
        for state in self._states:
            table.add_row(
                state.source,
                *([state.feed] * wide),
                Text(state.state, _STYLES[state.state]),
                _minute(state.last_success),
                *([_due(state, self._now)] * wide),
                *_numbers(state.rows),
            )
        return table


class RunsTable:
    """The last runs of each source, the latest first, and what all its pulls add up to."""

    def __init__(self, states: Sequence[SourceState], runs: Runs) -> None:
        self._states = states
        self._runs = runs

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw a table for each source."""
        for state in self._states:
            yield Text(f"\n{state.source}", "bold")
            yield self._table(state)
            yield from _totals(state)

    def _table(self, state: SourceState) -> Table:
        table = _framed()
        table.add_column("begun", no_wrap=True)
        table.add_column("took", justify="right", no_wrap=True)
        table.add_column("ended", no_wrap=True)
        for name in _ROW_HEADERS:
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("remark", overflow="fold")
        error = None
        for run in self._runs.get(state.source, ()):
            told = [] if run.again is None else [_again(run.again)]
            if run.error is not None:
                told.append("as above" if run.error == error else run.error.partition("\n")[0])
            error = run.error
            table.add_row(
                _minute(run.started_at),
                _took(run),
                Text(run.outcome, _STYLES.get(run.outcome, "magenta")),
                *_numbers(run.rows),
                Text("; ".join(told)),
            )
        return table


def remarks(states: Sequence[SourceState], each: int | None = None) -> Iterator[Text]:
    """What is amiss, a line each: that it rests, a source's errors, then up to `each` remarks."""
    for state in states:
        if rests := resting(state):
            yield Text(f"{state.source}: {rests}", "bold red")
        for line in (state.error or "").splitlines():
            yield Text(f"{state.source}: {line}", "red")
        shown = state.warnings[:each]
        for warning in shown:
            yield Text(f"{state.source}: {warning}", "yellow")
        more = len(state.warnings) - len(shown)
        if more:
            noun = "remark" if more == 1 else "remarks"
            yield Text(
                f"{state.source}: {more} more {noun}: yueqingling status --sources", "yellow"
            )


def resting(state: SourceState) -> str | None:
    """That the source is left to rest, and until when; None where it isn't."""
    breaker = state.breaker
    if breaker.state is BreakerState.CLOSED:
        return None
    failed = f"could not be read {breaker.failures} times in a row;"
    if breaker.state is BreakerState.PROBING:
        return f"{failed} its next pull is a trial"
    return (
        f"{failed} rests until {_minute(breaker.until)}, `yueqingling pull {state.source}` tries "
        "at once"
    )


def sources_document(states: Sequence[SourceState], runs: Runs | None = None) -> dict[str, Any]:
    """The versioned machine form; with the sources' last `runs` where they were asked for."""
    return {"format": 1, "sources": [_source(state, runs) for state in states]}


def _source(state: SourceState, runs: Runs | None) -> dict[str, Any]:
    breaker, totals = state.breaker, state.totals
    found: dict[str, Any] = {
        "source": state.source,
        "feed": state.feed,
        "state": state.state,
        "last_success": _iso(state.last_success),
        "rows": dict(state.rows),
        "error": state.error,
        "warnings": list(state.warnings),
        "schedule": state.schedule,
        "due_at": _iso(state.due_at),
        "breaker": {
            "state": breaker.state,
            "failures": breaker.failures,
            "until": _iso(breaker.until),
        },
        "last_pull": None if state.last is None else _run(state.last),
        "totals": {
            "pulls": dict(totals.get(What.PULLS, {})),
            "rows": dict.fromkeys(ROWS, 0) | dict(totals.get(What.ROWS, {})),
            "malformed_cells": dict(totals.get(What.MALFORMED, {})),
        },
        "unlanded": state.unlanded,
        "unknown_columns": dict(totals.get(What.COLUMN, {})),
        "unknown_departments": dict(totals.get(What.DEPARTMENT, {})),
    }
    if runs is not None:
        found["runs"] = [_run(run) for run in runs.get(state.source, ())]
    return found


def _run(run: Run) -> dict[str, Any]:
    return {
        "started_at": _iso(run.started_at),
        "seconds": None if run.seconds is None else round(run.seconds, 3),
        "outcome": run.outcome,
        "rows": dict(run.rows),
        "malformed_cells": dict(run.malformed_cells),
        "again": run.again,
        "error": run.error,
    }


def _framed() -> Table:
    return Table(header_style="bold", pad_edge=False, collapse_padding=True)


def _numbers(rows: Mapping[str, int]) -> Iterator[str]:
    return (f"{rows[name]:,}" for name in ROWS)


def _due(state: SourceState, now: datetime) -> str:
    return "now" if state.due_at <= now else _minute(state.due_at)


def _again(what: str) -> str:
    return "all again" if what == "all" else f"again from {what}"


def _took(run: Run) -> str:
    if run.seconds is None:
        return "—"
    if run.seconds < 60:
        return f"{run.seconds:.1f}s"
    minutes, seconds = divmod(round(run.seconds), 60)
    return f"{minutes}m {seconds:02}s"


def _totals(state: SourceState) -> Iterator[Text]:
    rows = state.totals.get(What.ROWS, {})
    pulls = state.totals.get(What.PULLS, {})
    if not pulls:
        return
    ended = ", ".join(f"{count:,} {outcome}" for outcome, count in pulls.items())
    counted = ", ".join(
        f"{rows.get(name, 0):,} {header}" for name, header in zip(ROWS, _ROW_HEADERS, strict=True)
    )
    yield Text(f"all pulls: {ended}; rows: {counted}", "dim")
    if cells := state.totals.get(What.MALFORMED):
        listed = ", ".join(
            f"{column} {count:,}" for column, count in sorted(cells.items(), key=lambda p: -p[1])
        )
        yield Text(f"malformed cells: {listed}", "dim")


def _minute(instant: datetime | None) -> str:
    return f"{instant.astimezone(ZONE):%m-%d %H:%M}" if instant else "—"


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
