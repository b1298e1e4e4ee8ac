"""Standard output for tables."""

import os

from rich.console import Console

FILE_COLUMNS = 150
"""How wide tables are where standard output is no terminal: nothing is folded for grep or a log."""


def screen() -> Console:
    """Standard output, as wide as its terminal or COLUMNS says; text is taken as it is."""
    sized = "COLUMNS" in os.environ
    console = Console(markup=False, highlight=False, emoji=False)
    if not sized and not console.is_terminal:
        console.width = FILE_COLUMNS
    return console
