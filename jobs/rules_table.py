"""The rules for a terminal: one line each where it is wide enough, else the message below."""

from collections.abc import Sequence

from rich.columns import Columns
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from expectations.listing import ListedRule
from monitor import standard

WIDE = 120
"""From this many columns on a rule's message stands beside its id."""


class RulesTable:
    """The rules in their order, what their classes are called, and how many rules there are."""

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
            message = Padding(Text(rule.message, "dim"), (0, 0, 0, 2))
            name = rule.id if wide else Group(rule.id, message)
            table.add_row(name, rule.class_ or "—", rule.severity, *([rule.message] * wide))
        yield table
        present = {rule.class_ for rule in self._rules}
        classes = standard.code_list("数据检核类型").items()
        if named := [f"{class_} {name}" for class_, name in classes if class_ in present]:
            yield Columns([Text(name, "dim") for name in named], padding=(0, 2))
        yield Text(f"{len(self._rules)} rules", "dim")
