"""The sources' states as a table and as the machine form `status --sources --json`."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.sources.state import SourceState
from monitor.workdays import ZONE

_STYLES = {"fresh": "green", "stale": "yellow", "failing": "bold red", "never": "magenta"}


def sources_table(states: Sequence[SourceState], remarks_each: int | None = None) -> RenderableType:
    """One line a source: its state and the rows of its last run; what went wrong stands below.

    `remarks_each` bounds the remarks that are shown of one source.
    """
    table = Table(header_style="bold", pad_edge=False, collapse_padding=True)
    for name in ("source", "feed", "state", "last success"):
        table.add_column(name, no_wrap=True)
    for name in ("read", "landed", "same", "malformed"):
        table.add_column(name, justify="right", no_wrap=True)
    remarks: list[Text] = []
    for state in states:
        last = state.last_success
        table.add_row(
            state.source,
            state.feed,
            Text(state.state, _STYLES[state.state]),
            f"{last.astimezone(ZONE):%m-%d %H:%M}" if last else "—",
            *(f"{n:,}" for n in (state.read, state.landed, state.unchanged, state.malformed)),
        )
        if state.error:
            remarks.append(Text(f"{state.source}: {state.error}", "red"))
        shown = state.warnings[:remarks_each]
        remarks += [Text(f"{state.source}: {warning}", "yellow") for warning in shown]
        if len(shown) < len(state.warnings):
            more = len(state.warnings) - len(shown)
            remarks.append(Text(f"{state.source}: {more} more remarks: status --sources", "yellow"))
    return Group(table, *remarks)


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
