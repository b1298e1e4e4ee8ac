"""Standard output for tables: what was delivered is shown there and not obeyed."""

import pytest
from rich.table import Table
from rich.text import Text

from jobs.cli.screen import screen

DELIVERED = "示范\x1b[2J\x1b]0;清零\x07\x9b31m-1"


def test_a_terminal_obeys_nothing_that_was_delivered(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(box=None, show_header=False)
    table.add_row(Text(DELIVERED, "bold"))
    out = screen()
    out.print(DELIVERED)
    out.print(Text.assemble(("  ", "dim"), DELIVERED))
    out.print(table)
    shown = capsys.readouterr().out
    assert [line.strip() for line in shown.splitlines()] == ["示范[2J]0;清零31m-1"] * 3


def test_what_is_styled_stays_so_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    screen().print(Text(DELIVERED, "bold"))
    assert capsys.readouterr().out == "\x1b[1m示范[2J]0;清零31m-1\x1b[0m\n"
