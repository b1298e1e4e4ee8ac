"""The sources' states as a table and as the machine form `status --sources --json`."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from monitor.sources.state import SourceState
from monitor.workdays import ZONE

WIDE = 100
"""From this many columns on the feeds are shown, too."""
_STYLES = {"fresh": "green", "stale": "yellow", "failing": "bold red", "never": "magenta"}


class SourcesTable:
    """One line a source: its state and the rows of its last pull; below, what is amiss.

    `remarks_each` bounds the remarks that are shown of one source.
    """

    def __init__(self, states: Sequence[SourceState], remarks_each: int | None = None) -> None:
        self._states = states
        self._remarks_each = remarks_each

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table as wide as the terminal allows."""
        if not self._states:
            yield Text("no source is set up: add a [[source]] to the settings file", "yellow")
            return
        yield self._table(wide=options.max_width >= WIDE)
        yield from remarks(self._states, self._remarks_each)

    def _table(self, *, wide: bool) -> Table:
        table = Table(header_style="bold", pad_edge=False, collapse_padding=True)
        table.add_column("source", overflow="fold")
        if wide:
            table.add_column("feed", no_wrap=True)
        table.add_column("state", no_wrap=True)
        table.add_column("last success", min_width=11)
        for name in ("read", "landed", "same", "malformed"):
            table.add_column(name, justify="right", no_wrap=True)
        for state in self._states:
            last = state.last_success
            table.add_row(
                state.source,
                *([state.feed] * wide),
                Text(state.state, _STYLES[state.state]),
                f"{last.astimezone(ZONE):%m-%d %H:%M}" if last else "—",
                *(f"{n:,}" for n in (state.read, state.landed, state.unchanged, state.malformed)),
            )
        return table


def remarks(states: Sequence[SourceState], each: int | None = None) -> Iterator[Text]:
    """What is amiss, a line each: a source's errors, then up to `each` of its remarks."""
    for state in states:
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


def sources_document(states: Sequence[SourceState]) -> dict[str, Any]:
    """The versioned machine form."""
    return {
        "format": 1,
        "sources": [
            {
                "source": state.source,
                "feed": state.feed,
                "state": state.state,
                "last_success": state.last_success.isoformat() if state.last_success else None,
                "rows": {
                    "read": state.read,
                    "landed": state.landed,
                    "unchanged": state.unchanged,
                    "malformed": state.malformed,
                },
                "error": state.error,
                "warnings": list(state.warnings),
            }
            for state in states
        ],
    }
