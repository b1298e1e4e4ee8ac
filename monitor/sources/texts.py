"""Text files: which encoding they are in, and their text as UTF-8, block by block."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from monitor.errors import SourceError

_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_GUESSES = ("utf-8", "gb18030")
_SUBSETS = {"utf-8-sig": "utf-8", "gbk": "gb18030", "gb2312": "gb18030"}
_UNMARKED = ("utf-16-le", "utf-16-be")
_USUAL = re.compile(r"[\t\r\n -~\u2010-\u303f\u4e00-\u9fff\uff00-\uffef]+")
_BLOCK = 4 << 20
_TOLERATED = 0.1
"""The share of the characters outside ASCII that may be broken before it is another encoding."""
_REPLACEMENT = "\ufffd"


class Text:
    """The text of one file; a byte order mark wins over the encoding that the settings name.

    Bytes that are no characters become � and are counted in `broken`, the first line of them in
    `broken_line`: a cell that was cut off within a character is no reason to refuse the others.
    Raises SourceError where the file is no text in the encoding, or in any known one.
    """

    def __init__(self, path: Path, place: str, encoding: str | None = None) -> None:
        self.path = path
        self.place = place
        self.broken = 0
        self.broken_line: int | None = None
        self._passed = 0
        self._size = path.stat().st_size
        self.encoding = self._told(encoding)

    @property
    def share(self) -> float:
        """How much of the file is read, from 0 to 1."""
        return min(self._passed / max(self._size, 1), 1.0)

    def blocks(self) -> Iterator[bytes]:
        """The text in UTF-8, without a byte order mark and NULs; no character is cut in two."""
        line = 1
        mark = _REPLACEMENT.encode()
        for data, is_broken in self._utf8() if self.encoding == "utf-8" else self._decoded():
            if is_broken and mark in data:
                if not self.broken:
                    self.broken_line = line + data.count(b"\n", 0, data.index(mark))
                self.broken += data.count(mark)
            line += data.count(b"\n")
            yield data.replace(b"\0", b"")

    def _utf8(self) -> Iterator[tuple[bytes, bool]]:
        """The file's own bytes, checked in bulk; only a block that isn't UTF-8 is decoded."""
        held = b""
        for number, block in enumerate(self._raw()):
            data = held + (block.removeprefix(codecs.BOM_UTF8) if number == 0 else block)
            whole = _end_of_characters(data)
            held = data[whole:]
            yield _mended(data[:whole])
        if held:
            yield _mended(held)

    def _decoded(self) -> Iterator[tuple[bytes, bool]]:
        decoder = codecs.getincrementaldecoder(self.encoding)()
        for block in self._raw():
            before = decoder.getstate()
            try:
                yield decoder.decode(block).encode(), False
            except UnicodeDecodeError:
                decoder.setstate(before)
                decoder.errors = "replace"
                yield decoder.decode(block).encode(), True
                decoder.errors = "strict"
        decoder.errors = "replace"
        if end := decoder.decode(b"", final=True):
            yield end.encode(), True

    def _raw(self) -> Iterator[bytes]:
        self._passed = 0
        with self.path.open("rb") as file:
            while block := file.read(_BLOCK):
                self._passed += len(block)
                yield block

    def _told(self, wanted: str | None) -> str:
        """The encoding, under Python's name for it."""
        sample = self._telling()
        for mark, name in _BOMS.items():
            if sample.startswith(mark):
                return name
        if wanted is not None:
            name = codecs.lookup(wanted).name
            name = _SUBSETS.get(name, name)
            if _reads_as(sample, name):
                return name
            raise SourceError(f"{self.place}: expected text in {wanted}, found something else")
        if sample.count(0) * 100 <= len(sample):
            for name in _GUESSES:
                if _reads_as(sample, name):
                    return name
        for name in _UNMARKED:
            if _is_usual(sample.decode(name, "replace")):
                return name
        raise SourceError(
            f"{self.place}: expected CSV or JSON lines (in UTF-8, UTF-16 or GB18030), an Excel "
            "workbook or Parquet, found none of them"
        )

    def _telling(self) -> bytes:
        """The first block that isn't all ASCII: what was before it reads the same anyway."""
        block = b""
        for block in self._raw():
            if not block.isascii() or b"\0" in block:
                break
        return block


def _mended(data: bytes) -> tuple[bytes, bool]:
    """`data` as UTF-8, and whether anything had to be replaced for that."""
    try:
        pl.Series([data], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        return data.decode("utf-8", "replace").encode(), True
    return data, False


def _end_of_characters(data: bytes) -> int:
    """Where the last character begins if it goes on after `data`, else the length."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) - back if back < length else len(data)
    return len(data)


def _is_usual(text: str) -> bool:
    """Whether hardly a character is one that a delivery in Chinese wouldn't have."""
    return sum(map(len, _USUAL.findall(text))) >= (1 - _TOLERATED) * len(text)


def _reads_as(sample: bytes, encoding: str) -> bool:
    """Whether hardly a character of the sample, which may end within one, is broken."""
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    outside = len(text) - len(text.encode("ascii", "ignore"))
    return text.count(_REPLACEMENT) <= outside * _TOLERATED
