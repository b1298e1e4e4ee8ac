"""Reads the sheets of an Excel workbook, as a process of its own.

    python -m monitor.sources.sheets PATH BYTES SECONDS

A damaged workbook can make its reader panic, abort, go round for ever or take all memory there is:
here that ends this process, which has so many bytes of memory and seconds of processor time, and
no other. It imports nothing that takes time to import.

Standard output is a row of pickled tuples: ("sheet", name, is hidden, merged ranges) before the
("rows", rows, how much of the workbook is read with them, from 0 to 1) of each that holds a cell,
and at the end ("end",), ("locked",) or ("refused", why). Where none of these comes the process was
cut off.
"""

import pickle
import resource
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from struct import unpack_from
from typing import Any

import python_calamine as calamine

_BLOCK_ROWS = 5_000
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR = 512
_BOOK = b"\x09\x08\x10\x00\x00\x06\x05\x00"
"""How the stream of an Excel 97 workbook begins: it does so at a sector ([MS-XLS] 2.4.21)."""
_FILEPASS, _BOUNDSHEET, _END_OF_BOOK = 0x2F, 0x85, 0x0A


def _messages(path: Path) -> Iterator[tuple[Any, ...]]:
    try:
        if _is_locked(path):
            yield ("locked",)
            return
        with calamine.load_workbook(path) as workbook:
            sheets = [
                sheet
                for sheet in workbook.sheets_metadata
                if sheet.typ is calamine.SheetTypeEnum.WorkSheet
            ]
            for before, sheet in enumerate(sheets):
                yield from _sheet(workbook, sheet, before, len(sheets))
    except calamine.PasswordError:
        yield ("locked",)
    except (calamine.CalamineError, OSError) as error:
        yield ("refused", str(error))
    else:
        yield ("end",)


def _sheet(
    workbook: calamine.CalamineWorkbook, sheet: calamine.SheetMetadata, before: int, of: int
) -> Iterator[tuple[Any, ...]]:
    """What there is to say of a sheet, `before` of all `of` being read."""
    grid = workbook.get_sheet_by_name(sheet.name)
    if not grid.height:
        return
    is_hidden = sheet.visible is not calamine.SheetVisibleEnum.Visible
    yield ("sheet", sheet.name, is_hidden, grid.merged_cell_ranges or [])
    rows = grid.iter_rows()
    read = 0
    while some := list(islice(rows, _BLOCK_ROWS)):
        read += len(some)
        # total_height is the number of the last row, from 0
        yield ("rows", some, (before + read / (grid.total_height + 1)) / of)


def _is_locked(path: Path) -> bool:
    """Whether it is a workbook of Excel 97 with a password, in whatever way it is enciphered.

    calamine reads one that is only obfuscated (XOR) as if it were not, into nonsense.
    """
    with path.open("rb") as file:
        if file.read(len(_COMPOUND)) != _COMPOUND:
            return False
        file.seek(_SECTOR)
        while sector := file.read(_SECTOR):
            if sector.startswith(_BOOK):
                return _FILEPASS in _records(sector)
    return False


def _records(sector: bytes) -> Iterator[int]:
    """The types of the records up to the first sheet; FILEPASS stands among the first."""
    at = 0
    while at + 4 <= len(sector):
        kind, length = unpack_from("<HH", sector, at)
        if kind in (_BOUNDSHEET, _END_OF_BOOK):
            return
        yield kind
        at += 4 + length


def main() -> None:
    """Read the workbook named on the command line, within its bounds."""
    path, memory, seconds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        for message in _messages(path):
            pickle.dump(message, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
        sys.stdout.buffer.flush()
    except MemoryError:
        sys.exit("no memory left")
    except BrokenPipeError:
        sys.exit("nobody reads any more")


if __name__ == "__main__":
    main()
