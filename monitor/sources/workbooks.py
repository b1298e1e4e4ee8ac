"""Excel workbooks: the rows of every sheet, in blocks of text columns."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import python_calamine as calamine

from monitor.errors import NoHeaderError, SourceError
from monitor.sources import headers, unpacking
from monitor.sources.batch import Part, Remark
from monitor.sources.columns import Dialect
from monitor.sources.grids import Blocks, block_of_rows
from monitor.sources.headers import Span

_BLOCK_ROWS = 5_000
_ZIP = b"PK"


def parts(
    dialect: Dialect, path: Path, place: str, limit: int
) -> Iterator[Part | Remark | SourceError]:
    """The rows of all sheets, hidden ones too: nothing that was delivered is dropped.

    A sheet without a header is left out where it is hidden, as lists to choose from are, or too
    narrow for rows of the feed, as instructions are; else it is an error, and so is a workbook of
    which nothing could be read. Raises SourceError where the file is no whole workbook, is locked
    with a password, or would take more than `limit` bytes unpacked.
    """
    with path.open("rb") as file:
        is_packed = file.read(len(_ZIP)) == _ZIP
    if is_packed:
        unpacking.check(path, place, limit)
    try:
        with calamine.load_workbook(path) as workbook:
            yield from _sheets(dialect, workbook, place)
    except calamine.PasswordError:
        raise SourceError(f"{place}: expected a workbook without a password") from None
    except calamine.CalamineError as error:
        raise SourceError(f"{place}: not a readable workbook: {error}") from None


def _sheets(
    dialect: Dialect, workbook: calamine.CalamineWorkbook, place: str
) -> Iterator[Part | Remark | SourceError]:
    left_out: list[tuple[str, SourceError]] = []
    nothing = True
    for sheet in workbook.sheets_metadata:
        if sheet.typ is not calamine.SheetTypeEnum.WorkSheet:
            continue
        grid = workbook.get_sheet_by_name(sheet.name)
        if not grid.height:
            continue
        where = f"{place} {sheet.name}"
        is_hidden = sheet.visible is not calamine.SheetVisibleEnum.Visible
        spans = _spans(grid)
        try:
            for part in headers.parts(dialect, _blocks(grid, spans), where, place, spans):
                nothing = False
                yield part
        except NoHeaderError as error:
            if is_hidden:
                left_out.append((f"{where}: a hidden sheet without a header row: left out", error))
                continue
            if error.cells < dialect.least:
                feed = dialect.source.feed
                left_out.append((f"{where}: too narrow for rows of feed {feed}: left out", error))
                continue
            nothing = False
            yield error
        except SourceError as error:
            nothing = False
            yield error
        if is_hidden:
            yield Remark(f"{where}: a hidden sheet: read like the others")
    if nothing and not left_out:
        raise SourceError(f"{place}: expected rows, found a workbook of empty sheets")
    for remark, refused in left_out:
        yield refused if nothing else Remark(remark)


def _spans(grid: calamine.CalamineSheet) -> list[Span]:
    ranges = grid.merged_cell_ranges or []
    return [
        Span(top=top + 1, bottom=bottom + 1, left=left, right=right)
        for (top, left), (bottom, right) in ranges
    ]


def _blocks(grid: calamine.CalamineSheet, spans: Sequence[Span]) -> Blocks:
    """The rows, numbered as Excel numbers them."""
    rows = iter(_filled_down(grid.iter_rows(), spans))
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
