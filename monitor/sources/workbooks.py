"""Excel workbooks: the rows of every sheet, in blocks of text columns.

A process of its own reads them (`sheets`): whatever a damaged workbook does to it, the file is
refused with the reason and everything else goes on.
"""

import pickle
import re
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from monitor.errors import NoHeaderError, SourceError
from monitor.sources import headers, sheets, unpacking
from monitor.sources.batch import Part, Remark
from monitor.sources.columns import Dialect
from monitor.sources.grids import Blocks, block_of_rows
from monitor.sources.headers import Span
from monitor.sources.passed import Passed

_BLOCK_ROWS = 5_000
_ZIP = b"PK"
_OWN_MEMORY = 256 * 1024 * 1024
_LEAST_SECONDS = 60
_BYTES_A_SECOND = 100_000
"""A tenth of what calamine reads in a second, packed, on a slow machine."""


_EXPLAINS = re.compile(r"说明|须知|要求|字典|码表|代码表|下拉|示例|样例")
"""What a sheet is called that is there to be read by whoever fills the others in."""


class _Bounds(NamedTuple):
    """What the process that reads a workbook may take: bytes of memory, seconds of processor."""

    memory: int
    seconds: int


def parts(
    dialect: Dialect, path: Path, place: str, limit: int, passed: Passed
) -> Generator[Part | Remark | SourceError]:
    """The rows of all sheets, hidden ones too: nothing that was delivered is dropped.

    A sheet without a header is left out where it is hidden, as lists to choose from are, is called
    after what explains the others, or is too narrow for rows of the feed; else it is an error, and
    so is a workbook of which nothing could be read. Raises SourceError where the file is no whole
    workbook, is locked with a password, or would take more than `limit` bytes unpacked; the process
    that reads it may take twice of that.
    """
    with path.open("rb") as file:
        is_packed = file.read(len(_ZIP)) == _ZIP
    if is_packed:
        yield from map(Remark, unpacking.check(path, place, limit))
    seconds = _LEAST_SECONDS + path.stat().st_size // _BYTES_A_SECOND
    with _opened(path, place, _Bounds(2 * limit + _OWN_MEMORY, seconds)) as messages:
        yield from _sheets(dialect, _Workbook(messages, passed), place)


Message = tuple[Any, ...]


@dataclass
class _Workbook:
    """The sheets that hold a cell, as the process that reads them tells of them."""

    _messages: Iterator[Message]
    _passed: Passed
    _next: Message | None = None

    def sheets(self) -> Iterator["_Sheet"]:
        """The sheets; the rows of one are gone once the next is asked for."""
        self._advance()
        while (message := self._next) is not None:
            self._advance()
            if message[0] == "sheet":
                _, name, is_hidden, merged = message
                yield _Sheet(name, is_hidden, _spans(merged), self._rows())

    def _rows(self) -> Iterator[list[Any]]:
        while self._next is not None and self._next[0] == "rows":
            _, rows, self._passed.share = self._next
            yield from rows
            self._advance()

    def _advance(self) -> None:
        self._next = next(self._messages, None)


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    is_hidden: bool
    spans: Sequence[Span]
    rows: Iterator[list[Any]]


@contextmanager
def _opened(path: Path, place: str, bounds: _Bounds) -> Iterator[Iterator[Message]]:
    """What is told of the workbook by a process that ends with the block."""
    command = [sys.executable, "-m", sheets.__name__, str(path), *map(str, bounds)]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield _messages(process, place, bounds)
        finally:
            process.kill()


def _messages(process: "subprocess.Popen[bytes]", place: str, bounds: _Bounds) -> Iterator[Message]:
    """What the process says. Raises SourceError where it doesn't come to its end."""
    assert process.stdout is not None
    while True:
        try:
            message = pickle.load(process.stdout)
        except (EOFError, pickle.UnpicklingError):
            why = _cut_off(process.wait(), bounds)
            raise SourceError(f"{place}: not a readable workbook: {why}") from None
        match message:
            case ("end",):
                return
            case ("locked",):
                raise SourceError(f"{place}: expected a workbook without a password")
            case ("refused", why):
                raise SourceError(f"{place}: not a readable workbook: {why}")
            case _:
                yield message


def _cut_off(code: int, bounds: _Bounds) -> str:
    """Why a process that ended with `code` didn't read it to its end."""
    match -code:
        case signal.SIGXCPU:
            return f"reading it took more than {bounds.seconds} s of processor time"
        case signal.SIGKILL:
            return "what read it was killed, as happens where a machine has no memory left"
        case _:
            return f"it is damaged, or takes more than {bounds.memory} bytes of memory"


def _sheets(
    dialect: Dialect, workbook: _Workbook, place: str
) -> Iterator[Part | Remark | SourceError]:
    left_out: list[tuple[str, SourceError]] = []
    nothing = True
    for sheet in workbook.sheets():
        where = f"{place} {sheet.name}"
        try:
            for part in headers.parts(dialect, _blocks(sheet), where, place, sheet.spans):
                nothing = False
                yield part
        except NoHeaderError as error:
            if sheet.is_hidden:
                left_out.append((f"{where}: a hidden sheet without a header row: left out", error))
                continue
            if error.cells < dialect.least:
                feed = dialect.source.feed
                left_out.append((f"{where}: too narrow for rows of feed {feed}: left out", error))
                continue
            if _EXPLAINS.search(sheet.name):
                left_out.append((f"{where}: explains, and has no header row: left out", error))
                continue
            nothing = False
            yield error
        except SourceError as error:
            nothing = False
            yield error
        if sheet.is_hidden:
            yield Remark(f"{where}: a hidden sheet: read like the others")
    if nothing and not left_out:
        raise SourceError(f"{place}: expected rows, found a workbook of empty sheets")
    for remark, refused in left_out:
        yield refused if nothing else Remark(remark)


def _spans(merged: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> list[Span]:
    return [
        Span(top=top + 1, bottom=bottom + 1, left=left, right=right)
        for (top, left), (bottom, right) in merged
    ]


def _blocks(sheet: _Sheet) -> Blocks:
    """The rows, numbered as Excel numbers them."""
    rows = iter(_filled_down(sheet.rows, sheet.spans))
    number = 1
    while some := list(islice(rows, _BLOCK_ROWS)):
        yield block_of_rows(some, range(number, number + len(some)))
        number += len(some)


def _filled_down(rows: Iterator[list[Any]], spans: Sequence[Span]) -> Iterator[list[Any]]:
    """The rows with what a cell over several of them says in each that isn't blank otherwise."""
    begins = defaultdict(list)
    for span in spans:
        if span.bottom > span.top:
            begins[span.top].append(span)
    if not begins:
        yield from rows
        return
    open_spans: list[tuple[Span, Any]] = []
    for number, row in enumerate(rows, start=1):
        open_spans = [(span, cell) for span, cell in open_spans if span.bottom >= number]
        if open_spans and any(cell != "" for cell in row):
            for span, cell in open_spans:
                row[span.left] = cell
        open_spans += [(span, row[span.left]) for span in begins[number] if span.left < len(row)]
        yield row
