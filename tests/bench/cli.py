"""The command line's help, against a Typer application with Rich that does nothing."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measurement import Measurement, Stopwatch
from tests.bench.places import Places

_BARE = """\
import typer
app = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
@app.callback()
def whole() -> None:
    "Nothing."
@app.command()
def verb(name: str = typer.Option("x", help="A name.")) -> None:
    "Do nothing."
app()
"""
_RUNS = 15


def measure(places: Places) -> Iterator[Measurement]:
    """Run both in turn, several times; the median counts."""
    bare_file = places.folder / "bare.py"
    bare_file.write_text(_BARE, encoding="utf-8")
    ours, bare = Stopwatch(), Stopwatch()
    command = Path(sys.executable).parent / "yueqingling"
    for _ in range(_RUNS):
        for stopwatch, program in ((ours, [str(command)]), (bare, [sys.executable, bare_file])):
            with stopwatch.running():
                subprocess.run([*program, "--help"], check=True, capture_output=True)
    yield Measurement(
        "yueqingling --help",
        "none",
        "≤ 1.5 ×",
        ours.median / bare.median,
        1.5,
        f"{ours.median * 1000:.0f} ms",
        f"bare Typer with Rich {bare.median * 1000:.0f} ms",
    )
