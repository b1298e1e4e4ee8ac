"""Standard output for tables."""

import os
import re
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

FILE_COLUMNS = 150
"""How wide tables are where standard output is no terminal: nothing is folded for grep or a log."""

_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
"""Characters that a terminal obeys, the line break aside."""


class _Screen(Console):
    """A console on which what was delivered is shown and never obeyed.

    Texts of records are printed as they came, and could clear the screen or pass for our own words.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """What is drawn, without the characters that a terminal would obey; they take no place."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else _CONTROLS.sub("", text), style, control)


def screen() -> Console:
    """Standard output, as wide as its terminal or COLUMNS says; text is taken as it is."""
    sized = "COLUMNS" in os.environ
    console = _Screen(markup=False, highlight=False, emoji=False)
    if not sized and not console.is_terminal:
        console.width = FILE_COLUMNS
    return console
