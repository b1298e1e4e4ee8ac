"""The rules for a terminal: one line each where it is wide enough, else the message below."""

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from expectations.listing import ListedRule

WIDE = 120
"""From this many columns on a rule's message stands beside its id."""


class RulesTable:
    """The rules in their order, and how many there are."""

    def __init__(self, rules: Sequence[ListedRule]) -> None:
        self._rules = rules

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table as wide as the terminal allows."""
        wide = options.max_width >= WIDE
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("id", overflow="fold")
        table.add_column("class")
        table.add_column("severity")
        if wide:
            table.add_column("message", overflow="fold")
        for rule in self._rules:
            name = Text(rule.id)
            if not wide:
                name.append(f"\n  {rule.message}", "dim")
            table.add_row(name, rule.class_ or "—", rule.severity, *([rule.message] * wide))
        yield table
        yield Text(f"{len(self._rules)} rules", "dim")
