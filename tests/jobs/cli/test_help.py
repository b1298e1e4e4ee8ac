"""Help teaches, fits a terminal, and is quick."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.jobs.cli.user import flat, yueqingling

VERBS = [
    "demo",
    "config check",
    "db upgrade",
    "pull",
    "check",
    "close",
    "reopen",
    "status",
    "explain",
    "findings",
    "rules list",
    "rules try",
    "docs build",
    "seal list",
    "seal show",
    "seal verify",
    "seal export",
    "zero-report file",
    "zero-report list",
    "zero-report withdraw",
    "exempt add",
    "exempt list",
    "exempt end",
    "exempt withdraw",
    "audit list",
    "remind",
    "deliver",
    "serve",
]


def test_the_first_help_names_every_verb_and_where_to_begin(tmp_path: Path) -> None:
    said = yueqingling(tmp_path)
    shown = flat(said.out + said.err)
    assert "New here? `yueqingling demo` shows all of it" in shown
    assert {verb.split()[0] for verb in VERBS} <= set(shown.split())


@pytest.mark.parametrize(
    "verb", ["", "config", "db", "docs", "rules", "seal", "zero-report", "exempt", "audit", *VERBS]
)
def test_every_help_fits_80_columns_and_flows(tmp_path: Path, verb: str) -> None:
    said = yueqingling(tmp_path, *verb.split(), "--help", columns=80)
    assert said.code == 0
    assert said.widest <= 80
    lines = [line.strip() for line in said.out.splitlines()]
    usage = next(n for n, line in enumerate(lines) if line.startswith("Usage: yueqingling"))
    prose = lines[usage + 2 : next(n for n, line in enumerate(lines) if line.startswith("╭"))]
    breaks = [
        (line, after)
        for line, after in pairwise(prose)
        if line and after and cell_len(line) + 1 + cell_len(after.split()[0]) <= 70
    ]
    assert breaks == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_that_reads_settings_says_where_they_come_from(
    tmp_path: Path, verb: str
) -> None:
    shown = flat(yueqingling(tmp_path, *verb.split(), "-h").out)
    assert ("YUEQINGLING_CONFIG" in shown) == (verb != "demo")


def test_the_version_is_told(tmp_path: Path) -> None:
    said = yueqingling(tmp_path, "--version")
    assert (said.code, said.out) == (0, "yueqingling 0.1.0\n")


def test_help_imports_nothing_that_takes_seconds() -> None:
    heavy = "{'great_expectations', 'polars', 'sqlalchemy', 'pydantic', 'slack_sdk', 'holidays'}"
    program = f"import sys, jobs.cli; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "set()\n"
