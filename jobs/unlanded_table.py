"""The rows that can't land, as a table for each source and in the machine form of the sources."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from jobs.preview.masking import Agencies
from monitor import standard
from monitor.directory import Department
from monitor.sources.state import SourceState
from monitor.sources.unlanded import Unlanded
from monitor.workdays import local_day

_SHOWN = 100
"""So many rows of a source are shown; the machine form has them all."""


class UnlandedTable:
    """Where each row stands, what it lacks and what it says, numbers of parties masked."""

    def __init__(
        self,
        rows: Sequence[Unlanded],
        states: Sequence[SourceState],
        departments: Mapping[str, Department],
    ) -> None:
        self._rows = rows
        self._feeds = {state.source: state.feed for state in states}
        self._agencies = Agencies(departments)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw a table for each source that has such rows."""
        if not self._rows:
            yield Text("no row is kept apart: all that was delivered has landed", "green")
        for source, rows in groupby(self._rows, key=lambda row: row.source):
            yield Text(f"\n{source}", "bold")
            yield from self._tables(self._feeds[source], [*rows])

    def _tables(self, feed: str, rows: Sequence[Unlanded]) -> Iterator[Table | Text]:
        names = {field.column: field.name_zh for field in standard.fields(feed)}
        table = Table(header_style="bold", pad_edge=False, collapse_padding=True)
        table.add_column("where", overflow="fold")
        table.add_column("lacks", overflow="fold")
        table.add_column("delivered", overflow="fold")
        table.add_column("first seen", no_wrap=True)
        table.add_column("last seen", no_wrap=True)
        for row in rows[:_SHOWN]:
            cells = shown(row, self._agencies).items()
            table.add_row(
                Text(str(row.row)),
                Text(", ".join(names.get(column, column) for column in row.row.lacking)),
                Text(", ".join(f"{header} {cell}" for header, cell in cells)),
                local_day(row.first_seen_at).isoformat(),
                local_day(row.last_seen_at).isoformat(),
            )
        yield table
        if len(rows) > _SHOWN:
            yield Text(f"and {len(rows) - _SHOWN:,} more: --json has them all", "yellow")


def shown(row: Unlanded, agencies: Agencies) -> dict[str, str]:
    """The delivered cells, of which nobody knows what they are, without anybody's number."""
    return {header: agencies.run_masked(cell) for header, cell in row.cells.items()}


def unlanded_document(
    rows: Sequence[Unlanded], departments: Mapping[str, Department]
) -> Sequence[dict[str, Any]]:
    """The rows in the machine form."""
    agencies = Agencies(departments)
    return [
        {
            "source": row.source,
            "place": row.row.place,
            "row": row.row.number,
            "lacking": list(row.row.lacking),
            "delivered": shown(row, agencies),
            "first_seen_at": row.first_seen_at.isoformat(),
            "last_seen_at": row.last_seen_at.isoformat(),
        }
        for row in rows
    ]
