"""A reader that leaves early, as `head` does, ends a verb without a word."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jobs.cli.conftest import NOW, Shown


@pytest.mark.parametrize(
    "arguments",
    [
        ("findings", "all"),
        ("findings", "all", "--format", "json"),
        ("findings", "all", "--format", "csv"),
        ("status", "--now", NOW),
        ("status", "--json", "--now", NOW),
        ("rules", "list", "--format", "markdown"),
        ("--help",),
        ("--version",),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_verb_ends_quietly_when_nobody_reads_it(
    demo: Shown, arguments: tuple[str, ...], unbuffered: str
) -> None:
    left, written = os.pipe()
    os.close(left)
    with os.fdopen(written, "wb") as nobody:
        ended = subprocess.run(
            [sys.executable, "-c", "from jobs.cli import main; main()", *arguments],
            cwd=demo.folder,
            env=os.environ | {"PYTHONPATH": str(Path.cwd()), "PYTHONUNBUFFERED": unbuffered},
            stdout=nobody,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (141, b"")
