"""The bars of a pull: a line for each source on a terminal, and nothing anywhere else."""

import io
import sys

import pytest
from rich.console import Console

from jobs.cli.progress import PullBars, pulling
from jobs.step import Step


def bars(columns: int = 80) -> PullBars:
    console = Console(file=io.StringIO(), force_terminal=True, width=columns, color_system=None)
    return PullBars(console)


def shown(of: PullBars) -> list[list[str]]:
    """The lines as they stand, each as its words; the running bar and spinner are left out."""
    console = Console(file=io.StringIO(), width=of.progress.console.width, color_system=None)
    with console.capture() as said:
        console.print(of.progress.get_renderable())
    lines = said.get().splitlines()
    assert max(map(len, lines)) <= console.width
    return [[word for word in line.split() if word.isascii()] for line in lines]


def test_each_source_has_a_line_with_its_rows_from_when_it_begins() -> None:
    found = bars()
    found.step(Step("checks", 0))
    assert [line[:3] for line in shown(found)] == [["checks", "0", "rows"]]
    found.step(Step("checks", 5_000))
    found.step(Step("cases", 0))
    found.step(Step("checks", 1_200))
    assert [line[:3] for line in shown(found)] == [
        ["checks", "6,200", "rows"],
        ["cases", "0", "rows"],
    ]


def test_how_much_of_it_is_read_shows_where_that_is_known() -> None:
    found = bars()
    found.step(Step("checks", 5_000, 0.42))
    found.step(Step("cases", 5_000))
    assert [line[1:3] for line in shown(found)] == [["42", "%"], ["5,000", "rows"]]


def test_a_source_that_ended_is_whole_whatever_was_known_of_it() -> None:
    found = bars()
    found.step(Step("checks", 5_000))
    found.ended("checks")
    found.ended("never-begun")
    assert [line[1:3] for line in shown(found)] == [["100", "%"]]


def test_a_source_that_failed_is_not_called_whole() -> None:
    found = bars()
    found.step(Step("checks", 0))
    found.ended("checks", failed=True)
    assert [line[1] for line in shown(found)] == ["failed"]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_line_keeps_to_the_terminal(columns: int) -> None:
    found = bars(columns)
    found.step(Step("a-source-whose-name-is-as-long-as-names-may-ever-become-in-toml", 98_765_432))
    assert len(shown(found)) == 1


def test_nothing_is_shown_where_standard_error_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = io.StringIO()
    monkeypatch.setattr(sys, "stderr", error)
    with pulling() as found:
        found.step(Step("checks", 5_000, 0.5))
        found.ended("checks")
    assert error.getvalue() == ""
