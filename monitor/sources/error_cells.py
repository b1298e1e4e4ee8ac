"""Cells of an .xlsx workbook that hold an error of Excel's (#N/A, #REF! …): they are read as blank.

The workbook's reader doesn't tell them from cells that are blank; what the sheets are written in
does.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from html import unescape

_SHOWN = 5
_MARK = b't="e"'
_CELL = re.compile(
    rb'<c (?=[^<>]*\bt="e")([^<>]*)>\s*'
    rb"(?:<f(?: [^<>]*)?(?:/>|>[^<]*</f>)\s*)?"
    rb"(?:<v>([^<]*)</v>)?"
)
_PLACE = re.compile(rb'\br="([A-Za-z]+\d+)"')
_SHEET = re.compile(r"<(?:\w+:)?sheet [^<>]*>")
_LINK = re.compile(r"<(?:\w+:)?Relationship [^<>]*>")
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')
_BOOK, _LINKS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"


class ErrorCells:
    """Those of one workbook, as its parts are gone through."""

    def __init__(self) -> None:
        self._count = 0
        self._first: list[tuple[str, str, str]] = []

    def note(self, part: str, piece: bytes) -> None:
        """Take in a piece of a part, which cuts no cell in two."""
        if _MARK not in piece:
            return
        for cell in _CELL.finditer(piece):
            self._count += 1
            if len(self._first) < _SHOWN:
                place = _PLACE.search(cell[1])
                at = place[1].decode() if place else "a cell"
                self._first.append((part, at, (cell[2] or b"").decode("utf-8", "replace")))

    def remarks(self, text: Callable[[str], str]) -> Iterator[str]:
        """How many there are, and where the first stand; `text` gives a part's own by its name."""
        if not self._count:
            return
        names = _sheet_names(text(_BOOK), text(_LINKS))
        cells = [
            " ".join(filter(None, (names.get(part, part), at, f"({what})" if what else "")))
            for part, at, what in self._first
        ]
        more = self._count - len(cells)
        subject = "1 cell holds" if self._count == 1 else f"{self._count} cells hold"
        yield (
            f"{subject} an error of Excel's, read as blank: {', '.join(cells)}"
            + (f" and {more} more" if more else "")
        )


def _sheet_names(book: str, links: str) -> dict[str, str]:
    """The sheets' names by the parts that hold them."""
    parts = {}
    for link in _LINK.findall(links):
        told = dict(_ATTRIBUTE.findall(link))
        target = posixpath.join("/xl", unescape(told.get("Target", "")))
        parts[told.get("Id")] = posixpath.normpath(target).removeprefix("/")
    names = {}
    for sheet in _SHEET.findall(book):
        told = {name.rpartition(":")[2]: value for name, value in _ATTRIBUTE.findall(sheet)}
        if (part := parts.get(told.get("id"))) is not None:
            names[part] = unescape(told.get("name", ""))
    return names
