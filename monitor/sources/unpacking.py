"""How much an .xlsx workbook takes once it is unpacked, told before it is.

A sheet is held as a grid from its first cell to its last, so that one cell far off costs as much as
all the cells up to it, and a text that many cells share is held once for each. A few kilobytes can
ask for more memory than there is. (.xls files are not packed: the bounds of their reader hold.)
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import unpack_from
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
import numpy.typing as npt

from monitor.errors import SourceError
from monitor.sources.error_cells import ErrorCells

_CHUNK = 1 << 20
_LONGEST_TAG = 1 << 20
_LOCAL_HEADER = 30
_CELL = 32
"""Bytes that a cell takes in memory, whether there is something in it or not."""
_NEAR = 78 * 500_000
"""Cells that the grid of a sheet has at most where nothing in it is far off (columns to BZ)."""
_FAR = re.compile(rb'r="(?:[A-Za-z]{3,}|[C-Zc-z][A-Za-z]|[A-Za-z]{0,2}(?:\d{7,}|[5-9]\d{5}))\d*"')
_PREFIXED = re.compile(rb"<\w+:worksheet")
_STRING = re.compile(rb"<(?:\w+:)?si[ >/]")
_SHARED = re.compile(rb't="s"[^>]*>\s*<(?:\w+:)?v>(\d{1,9})<')
_FROM_1904 = re.compile(rb'date1904="(?:1|true)"')
_UNCOMPUTED = re.compile(
    rb'<c (?![^<>]*t="str")[^<>]*>\s*<f(?: [^<>]*)?(?:/>|>[^<]*</f>)\s*'
    rb"(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
)
"""A formula without a result; of one whose result is a text that may be blank."""


def check(path: Path, place: str, limit: int) -> tuple[str, ...]:
    """Raise SourceError where the workbook would take more than `limit` bytes.

    Gives what is to be remarked on: cells that say something else than whoever looks at them in
    Excel sees. What the file says of its own size is not believed: it is unpacked piece by piece,
    and each is forgotten at once.
    """
    try:
        with ZipFile(path) as archive:
            parts = archive.infolist()
        _is_workbook(place, {part.filename.lower().replace("\\", "/") for part in parts})
        measure = _Measure(path, place, limit)
        for part in sorted(parts, key=lambda part: not _holds_strings(part)):
            measure.add(part)
    except (BadZipFile, zlib.error, expat.ExpatError, ValueError):
        raise SourceError(
            f"{place}: not a readable workbook: it was cut off or is damaged"
        ) from None
    return tuple(f"{place}: {remark}" for remark in measure.remarks())


def _is_workbook(place: str, names: set[str]) -> None:
    found = None
    if "xl/workbook.bin" in names:
        found = "a binary one (.xlsb)"
    elif "mimetype" in names and "content.xml" in names:
        found = "an OpenDocument one"
    elif not any(name.startswith("xl/") for name in names):
        found = "a ZIP archive of other files"
    if found:
        raise SourceError(f"{place}: expected a workbook saved as .xlsx or .xls, found {found}")


def _holds_strings(part: ZipInfo) -> bool:
    return part.filename.lower().endswith("sharedstrings.xml")


class _Measure:
    """What the parts of a workbook take so far, and what is odd about them."""

    def __init__(self, path: Path, place: str, limit: int) -> None:
        self._path = path
        self._place = place
        self._limit = limit
        self._uncomputed = 0
        self._is_from_1904 = False
        self._errors = ErrorCells()
        self._parts: dict[str, ZipInfo] = {}
        self._unpacked = 0
        self._lengths: npt.NDArray[np.int64] = np.zeros(1, np.int64)

    def add(self, part: ZipInfo) -> None:
        """Take a part in. Raises SourceError where it is one too many."""
        self._parts[part.filename] = part
        self._hold(self._unpacked + part.file_size, "")
        if _holds_strings(part):
            self._lengths = _lengths(self._counted(part))
            return
        values, is_odd = 0, self._limit < _NEAR * _CELL
        for number, piece in enumerate(_pieces(self._counted(part))):
            self._is_from_1904 = self._is_from_1904 or (
                part.filename.lower().endswith("workbook.xml") and bool(_FROM_1904.search(piece))
            )
            values += piece.count(b"v>") // 2
            self._errors.note(part.filename, piece)
            if b"<f" in piece:
                self._uncomputed += len(_UNCOMPUTED.findall(piece))
            is_odd = (
                is_odd
                or piece.count(b"<c ") != piece.count(b'<c r="')
                or b"<c>" in piece
                or _FAR.search(piece) is not None
                or (number == 0 and (b"\0" in piece or _PREFIXED.search(piece) is not None))
            )
        if is_odd and values:
            row, column = _corner(_unpacked(self._path, part))
            where = f" for a grid up to {_column_name(column)}{row}"
            self._hold(row * column * _CELL, where)
        if values * int(self._lengths.max()) > self._limit:
            self._hold(self._shared(part), " for the texts that its cells share")

    def remarks(self) -> Iterator[str]:
        """What is odd about the cells."""
        if self._uncomputed:
            what = "formula" if self._uncomputed == 1 else "formulas"
            yield (
                f"{self._uncomputed} {what} that nobody computed: blank until somebody opens the "
                "workbook in Excel and saves it"
            )
        if self._is_from_1904:
            yield (
                "its days are counted from 1904: one without the format of a date is read four "
                "years early"
            )

        yield from self._errors.remarks(self._text)

    def _text(self, name: str) -> str:
        """What the part of that name holds; nothing where there is none."""
        part = self._parts.get(name)
        chunks = () if part is None else _unpacked(self._path, part)
        return b"".join(chunks).decode("utf-8", "replace")

    def _shared(self, part: ZipInfo) -> int:
        """The bytes of the shared texts, each as often as a cell has it."""
        total = 0
        for piece in _pieces(_unpacked(self._path, part)):
            indices = np.array(_SHARED.findall(piece), dtype=np.bytes_).astype(np.int64)
            total += int(self._lengths[indices[indices < self._lengths.size]].sum())
        return total

    def _counted(self, part: ZipInfo) -> Iterator[bytes]:
        for chunk in _unpacked(self._path, part):
            self._unpacked += len(chunk)
            self._hold(self._unpacked, "")
            yield chunk

    def _hold(self, size: int, what: str) -> None:
        if size > self._limit:
            raise SourceError(
                f"{self._place}: expected a workbook that takes at most {self._limit} bytes "
                f"unpacked, found one that takes more{what}"
            )


def _unpacked(path: Path, part: ZipInfo) -> Iterator[bytes]:
    """The part's content in pieces, to the end of the data and not of what is said of it."""
    if part.flag_bits & 1 or part.compress_type not in (ZIP_DEFLATED, ZIP_STORED):
        raise BadZipFile
    with path.open("rb") as file:
        file.seek(part.header_offset)
        header = file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER:
            raise BadZipFile
        file.seek(sum(unpack_from("<HH", header, 26)), 1)
        left = part.compress_size
        if part.compress_type == ZIP_STORED:
            while left and (chunk := file.read(min(left, _CHUNK))):
                left -= len(chunk)
                yield chunk
            return
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        while not unpacker.eof:
            packed = unpacker.unconsumed_tail or file.read(min(left, _CHUNK))
            if not packed:
                raise BadZipFile
            left -= 0 if unpacker.unconsumed_tail else len(packed)
            yield unpacker.decompress(packed, _CHUNK)


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks cut anew so that no cell is cut in two, nor, outside of sheets, a tag."""
    held = b""
    for chunk in chunks:
        held += chunk
        cell = max(held.rfind(b"/c>"), held.rfind(b":c>"))
        end = (cell + 3) if cell >= 0 else held.rfind(b">") + 1
        if end or len(held) > _LONGEST_TAG:
            yield held[: end or None]
            held = held[end:] if end else b""
    yield held


def _lengths(chunks: Iterable[bytes]) -> npt.NDArray[np.int64]:
    """The length of each shared text, its markup included."""
    begins, length = [], 0
    for piece in _pieces(chunks):
        begins += [length + found.start() for found in _STRING.finditer(piece)]
        length += len(piece)
    edges = np.array([*begins, length], np.int64)
    return edges[1:] - edges[:-1] if begins else np.zeros(1, np.int64)


def _corner(chunks: Iterable[bytes]) -> tuple[int, int]:
    """The last row and the last column that a sheet has a cell in, counted as calamine counts."""
    corner, at = [0, 0], [0, 0]

    def begin(name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "row":
                at[0] = int(attributes.get("r", at[0] + 1))
                at[1] = 0
            case "c":
                if told := re.fullmatch(r"([A-Za-z]+)(\d+)", attributes.get("r", "")):
                    at[0], at[1] = int(told[2]), _column_number(told[1])
                else:
                    at[1] += 1
                corner[0], corner[1] = max(corner[0], at[0]), max(corner[1], at[1])

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    for chunk in chunks:
        parser.Parse(chunk)
    parser.Parse(b"", True)
    return corner[0], corner[1]


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def _column_name(number: int) -> str:
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name
