"""CSV files: blocks of text columns, parsed in bulk.

Polars parses what is plain: records that end with a line feed, quotes that open and close a whole
cell, and no more cells than the rows before had. The csv module reads what is not, record by
record, and only as far as that goes: a quote within a bare cell or with text behind it, a lone
carriage return, a row that is longer than those before, a delimiter outside ASCII.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
import polars as pl

from monitor.errors import SourceError
from monitor.sources.grids import Block, Blocks, block_of, block_of_rows
from monitor.sources.texts import Text

_DELIMITERS = ",;\t|"
_SAMPLE = 1 << 16
_SAMPLE_ROWS = 20
_LONGEST_RECORD = 16 << 20
_WIDE, _WIDEST = 1024, 16384
_GUARD = b'="'
_GUARDED = r'(?s)^="(.*)"$'
"""What keeps Excel from reading a code as a number: ="0123" is the text 0123."""
_QUOTE, _LINE_FEED, _RETURN = ord('"'), ord("\n"), ord("\r")

Positions = npt.NDArray[np.intp]


def blocks(text: Text, delimiter: str | None, recognised: Callable[[Sequence[str]], int]) -> Blocks:
    """The file's rows. A delimiter that isn't told is the one that gives the best header.

    `recognised` says how many of a row's cells are known headers. Numbers are those of the line in
    which a row begins. Raises SourceError where a quote never closes.
    """
    stream = _Stream(text.blocks())
    stream.more()
    sample = stream.held[:_SAMPLE].decode("utf-8", "ignore")
    if delimiter is None:
        delimiter = max(_DELIMITERS, key=lambda mark: _fitness(_split(sample, mark), recognised))
    width = max(map(len, _split(sample, delimiter)), default=1)
    for block in _Records(text.place, stream, delimiter, width).blocks():
        yield _unguarded(block) if stream.guarded else block


def _split(sample: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(_LONGEST_RECORD)
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    return [row for _, row in zip(range(_SAMPLE_ROWS), reader, strict=False)]


def _fitness(
    rows: Sequence[Sequence[str]], recognised: Callable[[Sequence[str]], int]
) -> tuple[int, int]:
    """How well the rows look that a delimiter gave: known headers, then cells."""
    return max(map(recognised, rows), default=0), max(map(len, rows), default=0)


def _unguarded(block: Block) -> Block:
    return block_of(block.frame.with_columns(pl.all().str.replace(_GUARDED, "$1")), block.numbers)


class _Stream:
    """What of the text has not become rows yet; `ended` once nothing follows on it.

    It is `guarded` once something in it looks like a text that is kept from being a number.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self.held = b""
        self.ended = False
        self.guarded = False
        self._blocks = blocks

    def more(self) -> bool:
        """Put the next block behind what is held; whether there was one."""
        block = next(self._blocks, None)
        self.ended = block is None
        if block is not None:
            self.guarded = self.guarded or self._guards(block)
            self.held += block
        return not self.ended

    def _guards(self, block: bytes) -> bool:
        within = b'"' in block and _GUARD in block  # the first alone is looked for much faster
        return within or self.held[-1:] + block[:1] == _GUARD

    def taken(self, length: int) -> bytes:
        """So much of the text, which isn't held any longer."""
        text, self.held = self.held[:length], self.held[length:]
        return text

    def lines(self) -> bytes:
        """The whole lines that are held, more where there is none; nothing at the end."""
        while not self.ended:
            # a carriage return at the very end may be the first half of a line's end
            end = max(self.held.rfind(b"\n"), self.held.rfind(b"\r", 0, -1)) + 1
            if end:
                return self.taken(end)
            self.more()
        return self.taken(len(self.held))


class _Lines:
    """Lines for the csv module: those of `text`, then, within a record, those that follow on it."""

    def __init__(self, text: bytes, stream: _Stream) -> None:
        self.exhausted = False
        self._lines = _lines(text)
        self._stream = stream

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """The next line."""
        if not self._lines:
            self._lines = _lines(self._stream.lines())
        if not self._lines:
            self.exhausted = True
            raise StopIteration
        return self._lines.pop()

    def __bool__(self) -> bool:
        """Whether there are lines of the text in hand."""
        return bool(self._lines)


def _lines(text: bytes) -> list[str]:
    return list(io.StringIO(text.decode(), newline=""))[::-1]


@dataclass
class _Records:
    """The records of a stream, which holds the begin of one; `line` is the number of its line."""

    place: str
    stream: _Stream
    delimiter: str
    width: int
    line: int = 1

    def blocks(self) -> Blocks:
        """The rows, up to the end."""
        stream = self.stream
        while stream.held or stream.more():
            begins = _plain(stream.held, self.delimiter, ended=stream.ended)
            if begins is None:
                yield from self._row_by_row(stream.lines())
            elif begins.size:
                text = stream.taken(int(begins[-1]))
                yield from self._in_bulk(text, begins[:-1])
            elif len(stream.held) > _LONGEST_RECORD:
                raise self._endless(self.line)
            else:
                stream.more()

    def _in_bulk(self, text: bytes, begins: Positions) -> Blocks:
        header = self.delimiter.join(map(str, range(self.width)))
        try:
            frame = pl.read_csv(
                b"".join((header.encode(), b"\n", text)),
                separator=self.delimiter,
                infer_schema=False,
            )
        except pl.exceptions.PolarsError:
            yield from self._row_by_row(text)
            return
        if frame.height != begins.size:
            yield from self._row_by_row(text)
            return
        feeds = np.flatnonzero(np.frombuffer(text, np.uint8) == _LINE_FEED)
        numbers = self.line + np.searchsorted(feeds, begins)
        self.line += feeds.size
        yield block_of(frame, pl.Series("number", numbers, pl.Int64))

    def _row_by_row(self, text: bytes) -> Blocks:
        """The rows of the text, and what of the stream belongs to the last of them."""
        lines = _Lines(text, self.stream)
        reader = csv.reader(lines, delimiter=self.delimiter)
        rows: list[tuple[int, list[str]]] = []
        begun = self.line
        try:
            for row in reader:
                if lines.exhausted:
                    break
                rows.append((begun, row))
                begun = self.line + reader.line_num
                if not lines:
                    break
        except csv.Error:
            lines.exhausted = True
        for is_wide, some in groupby(rows, key=lambda row: len(row[1]) > _WIDE):
            yield self._block(list(some), is_wide=is_wide)
        if lines.exhausted:
            raise self._endless(begun)
        self.line += reader.line_num

    def _block(self, rows: Sequence[tuple[int, list[str]]], *, is_wide: bool) -> Block:
        for number, row in rows:
            if len(row) > _WIDEST:
                raise SourceError(
                    f"{self.place} line {number}: expected at most {_WIDEST} cells, "
                    f"found {len(row)}"
                )
        block = block_of_rows([row for _, row in rows], [number for number, _ in rows])
        if not is_wide:
            self.width = max(self.width, block.frame.width)
        return block

    def _endless(self, number: int) -> SourceError:
        return SourceError(
            f"{self.place} line {number}: expected the quote that ends a cell, found none up to "
            f"the end of the file or for {_LONGEST_RECORD >> 20} MiB"
        )


def _plain(text: bytes, delimiter: str, *, ended: bool) -> Positions | None:
    """Where the whole records of the text begin, and where the last of them ends.

    Empty where not even one is whole; None where that takes the csv module to tell.
    """
    if not delimiter.isascii():
        return None
    marks = np.frombuffer(text, np.uint8)
    if b"\r" in text:
        following = np.flatnonzero(marks == _RETURN) + 1
        within = following[following < marks.size]
        if (marks[within] != _LINE_FEED).any() or (ended and within.size < following.size):
            return None
    feeds = np.flatnonzero(marks == _LINE_FEED)
    if b'"' not in text:
        return _begins(feeds, len(text), ended=ended)
    quotes = np.flatnonzero(marks == _QUOTE)
    begins = _begins(feeds[np.searchsorted(quotes, feeds) % 2 == 0], len(text), ended=ended)
    within = quotes[: np.searchsorted(quotes, begins[-1])] if begins.size else quotes
    return begins if _encloses(marks, within, ord(delimiter), ended=ended) else None


def _begins(feeds: Positions, length: int, *, ended: bool) -> Positions:
    """Positions of records from the line feeds between them; with `ended` the last needs none."""
    edges = [np.zeros(1, np.intp), feeds + 1]
    if ended and length > (feeds[-1] + 1 if feeds.size else 0):
        edges.append(np.array([length]))
    begins = np.concatenate(edges)
    return begins if begins.size > 1 else begins[:0]


def _encloses(
    marks: npt.NDArray[np.uint8], quotes: Positions, delimiter: int, *, ended: bool
) -> bool:
    """Whether quotes open and close whole cells, a doubled one within them standing for itself.

    Then a line feed is outside the cells exactly where an even number of quotes is before it.
    """
    opening, closing = quotes[0::2], quotes[1::2]
    before = marks[opening[opening > 0] - 1]
    after = marks[closing[closing < marks.size - 1] + 1]
    return bool(
        (opening.size == closing.size or not ended)
        and np.isin(before, (delimiter, _LINE_FEED, _QUOTE)).all()
        and np.isin(after, (delimiter, _LINE_FEED, _RETURN, _QUOTE)).all()
    )
