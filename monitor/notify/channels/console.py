"""The console: messages as panels on a terminal, for demonstrations and trials."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from monitor.notify.message import Message


class ConsolePrinter:
    """Prints each message in a panel titled with its destination."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()

    def send(
        self, destination: str, message: Message, head: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        """Print `message`; the receipt is empty."""
        del head
        self._console.print(panel(destination, message))
        return {}


def panel(destination: str, message: Message) -> Panel:
    """`message` as it looks on a terminal; nothing in it is read as markup."""
    parts: list[RenderableType] = [Text(message.head, style="bold")]
    if message.lines:
        grid = Table.grid(padding=(0, 2))
        for line in message.lines:
            grid.add_row(Text(line.label, style="cyan"), Text(line.text))
        parts.append(grid)
    if message.entries:
        parts.append(Text(f"{message.entries_title}：", style="cyan"))
        parts += [Text(f"  · {entry}") for entry in message.entries]
    if message.rest:
        parts.append(Text(f"  {message.rest}"))
    if message.note:
        parts.append(Text(message.note, style="yellow"))
    if message.link:
        parts.append(Text(message.link, style="blue underline"))
    return Panel(Group(*parts), title=Text(destination), title_align="left", expand=False)
