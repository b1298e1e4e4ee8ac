"""Somebody at a terminal: the command line run in this process, and what it said."""

import contextlib
import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import structlog

from jobs.cli import main


@dataclass(frozen=True, slots=True)
class Said:
    """What a command ended with and wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def log(self) -> list[dict[str, Any]]:
        """The log's lines on standard error."""
        return [json.loads(line) for line in self.err.splitlines() if line.startswith("{")]

    @property
    def widest(self) -> int:
        """The columns of the longest line, a Chinese character being two."""
        from rich.cells import cell_len

        return max(map(cell_len, self.out.splitlines()), default=0)


def flat(text: str) -> str:
    """The text without the frames and line breaks of a terminal."""
    return " ".join(text.translate(str.maketrans("│╭╮╰╯─", "      ")).split())


def yueqingling(folder: Path, *arguments: str, columns: int = 100) -> Said:
    """Run `yueqingling` with these arguments in `folder`."""
    out, err = io.StringIO(), io.StringIO()
    with (
        _as_before(),
        contextlib.chdir(folder),
        patch.dict(os.environ, COLUMNS=str(columns)),
        patch.object(sys, "argv", ["yueqingling", *arguments]),
        patch.object(sys.modules["__main__"], "__package__", None),  # no `python -m` in its name
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        os.environ.pop("YUEQINGLING_CONFIG", None)
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return Said(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _as_before() -> Iterator[None]:
    """Leave the log as it was found."""
    root = logging.getLogger()
    handlers, level, log = root.handlers[:], root.level, structlog.get_config()
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**log)
