"""Files under a glob: CSV in any usual encoding, and workbooks with all their sheets.

A file is read when its content is new. Its fingerprint lands with its last rows; where a part of it
was refused it doesn't, so that the file is read and complained about again.
"""

import glob
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

import polars as pl

from monitor.config import FilesSource
from monitor.errors import SourceError
from monitor.sources import csvs, workbooks
from monitor.sources.batch import Batch, Part, Reading, Remark, Start, frame_of, unrepeated
from monitor.sources.columns import Dialect, Layout

_HEADER_WITHIN = 10
_WORKBOOK_MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_READ_WITH = {
    *("feed", "status", "dialect", "columns", "units", "values", "department"),
    *("encoding", "delimiter"),
}
"""The settings that decide what a file's rows are: where one changes the file is read again."""

_DESCRIBING = re.compile(
    r"必填|选填|可空|非必填|格式|码表|字典|不超过|分隔|请填|填写|示例|例如|系统生成|勿改|说明|[yY]{4}"
)


def read(source: FilesSource, dialect: Dialect, start: Start) -> Reading:
    """The rows of the files that are new; cursors are fingerprints by path.

    Raises SourceError where the folder, or the file that the path names, isn't there.
    """
    root, paths = _listed(source)
    if not paths:
        yield Remark(f"expected files {source.path}, found none")
    settings = source.model_dump_json(include=_READ_WITH)
    for path in paths:
        place = path.relative_to(root).as_posix()
        try:
            found = _fingerprint(path, settings, source.max_bytes)
        except OSError as error:
            yield SourceError(f"{place}: can't read the file: {error.strerror}")
            continue
        except SourceError as error:
            yield SourceError(f"{place}: {error}")
            continue
        if start.everything or start.cursors.get(place) != found:
            yield from _file(source, dialect, path, place, {place: found})


def _listed(source: FilesSource) -> tuple[Path, list[Path]]:
    """The folder before the first wildcard, and the files, in the order of their names."""
    fixed = [*Path(source.path).parts]
    for place, part in enumerate(fixed[:-1]):
        if glob.has_magic(part):
            fixed = fixed[: place + 1]
            break
    root = Path(*fixed[:-1])
    if not root.is_dir():
        raise SourceError(f"expected a folder {root}, found none")
    if not glob.has_magic(source.path):
        if not Path(source.path).is_file():
            raise SourceError(f"expected a file {source.path}, found none")
        return root, [Path(source.path)]
    found = root.glob(Path(source.path).relative_to(root).as_posix())
    return root, sorted(p for p in found if p.is_file() and not p.name.startswith(("~$", ".")))


def _fingerprint(path: Path, settings: str, max_bytes: int) -> str:
    """The hash of the file and of the settings that it is read with."""
    size = path.stat().st_size
    if size > max_bytes:
        raise SourceError(f"expected at most {max_bytes} bytes, found {size}")
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256")
    content.update(settings.encode())
    return content.hexdigest()


def _file(
    source: FilesSource, dialect: Dialect, path: Path, place: str, cursors: Mapping[str, str]
) -> Reading:
    """The file's batches; the last one carries the cursor, where nothing was refused."""
    waiting: Batch | None = None
    refused = False
    try:
        for part in _parts(source, dialect, path, place):
            if not isinstance(part, Batch):
                refused = refused or isinstance(part, SourceError)
                yield part
                continue
            if waiting is not None:
                yield waiting
            waiting = part
    except SourceError as error:
        refused = True
        yield error
    if waiting is not None:
        yield waiting if refused else replace(waiting, cursors=cursors)


def _parts(source: FilesSource, dialect: Dialect, path: Path, place: str) -> Reading:
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise SourceError(f"{place}: expected rows, found an empty file")
    if not start.startswith(_WORKBOOK_MAGIC):
        lines = csvs.rows(path, place, source.encoding, source.delimiter)
        yield from _table(source, dialect, lines, place, place)
        return
    filled = False
    for sheet, rows in workbooks.sheets(path, place):
        first = next(rows, None)
        if first is None:
            continue
        filled = True
        try:
            yield from _table(source, dialect, chain([first], rows), f"{place} {sheet}", place)
        except SourceError as error:
            yield error
    if not filled:
        raise SourceError(f"{place}: expected rows, found a workbook of empty sheets")


def _table(
    source: FilesSource,
    dialect: Dialect,
    rows: Iterator[tuple[int, Sequence[object]]],
    place: str,
    delivery: str,
) -> Iterator[Batch]:
    """The batches of a table under the header row found among its first rows."""
    start = list(islice(rows, _HEADER_WITHIN))
    known = [dialect.recognised(_texts(row)) for _, row in start]
    if not any(known):
        widest = max((_texts(row) for _, row in start), key=lambda row: sum(map(bool, row)))
        raise dialect.not_a_header(widest, place)
    at = known.index(max(known))
    headers = _texts(start[at][1])
    width = max(n for n, header in enumerate(headers, start=1) if header)
    headers = [header or f"({n})" for n, header in enumerate(headers[:width], start=1)]
    names = unrepeated(headers)
    layout = dialect.layout(names, place)
    below = chain(start[at + 1 :], rows)
    first = next(below, None)
    if first is not None and not _describes(layout, names, first[1]):
        below = chain([first], below)
    filled = ((number, row) for number, row in below if any(c not in (None, "") for c in row))
    some = list(islice(filled, source.batch_rows))
    while True:
        numbers = pl.Series("number", [number for number, _ in some], pl.Int64)
        frame = frame_of(names, [row for _, row in some])
        yield Batch((Part(place, delivery, layout, frame, numbers),))
        some = list(islice(filled, source.batch_rows))
        if not some:
            return


def _describes(layout: Layout, headers: Sequence[str], row: Sequence[object]) -> bool:
    """Whether the row under the header tells how to fill the columns in.

    At least two cells and half of the filled ones must read like that, so that no record is ever
    taken for one.
    """
    known = set(layout.columns.values())
    cells = [
        text for header, text in zip(headers, _texts(row), strict=False) if text and header in known
    ]
    describing = sum(bool(_DESCRIBING.search(cell)) for cell in cells)
    return describing >= 2 and describing * 2 >= len(cells)


def _texts(row: Sequence[object]) -> list[str]:
    return [str(cell).strip() if cell is not None else "" for cell in row]
