"""The header among the first rows of a grid, and the rows below it as parts of a delivery.

A title may stand above the header and a description of the columns below it. A header may be of
several rows, with cells that span columns: the name of a column is then what the rows say together
(行政相对人 above 编码), or the one of them that is known.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import polars as pl

from monitor.errors import SourceError
from monitor.sources.asides import Asides
from monitor.sources.batch import Part, Remark, unrepeated
from monitor.sources.columns import Dialect, Layout
from monitor.sources.grids import Block, Blocks

_WITHIN = 10
_DEEPEST = 3
_DESCRIBING = re.compile(
    r"必填|选填|可空|非必填|格式|码表|字典|不超过|分隔|请填|填写|示例|例如|系统生成|勿改|说明|[yY]{4}"
)


@dataclass(frozen=True, slots=True)
class Span:
    """Cells that are merged into one: numbers of their rows, positions of their columns."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class _Header:
    """The names of the columns, blank where there is none, and the rows that they take up: the
    position of the first, how many, and the number of the last.
    """

    names: list[str]
    top: int
    depth: int
    number: int


def parts(
    dialect: Dialect, blocks: Blocks, place: str, delivery: str, spans: Sequence[Span] = ()
) -> Iterator[Part | Remark]:
    """The rows below the header, at least one part even where there are none.

    Rows that are no records are left out with a remark. Cells beyond the header are under their
    position in brackets. Raises SourceError where no row is a header of the source's feed, or there
    are no rows at all.
    """
    start = _start(blocks)
    if start is None:
        raise SourceError(f"{place}: expected rows, found nothing but blanks")
    header = _header(dialect, start, spans, place)
    layout = dialect.layout(header.names, place)
    below = start.below(header.number)
    if _describes(layout, header.names, below):
        below = Block(below.frame[1:], below.numbers[1:])
    nothing = Block(below.frame.clear(), below.numbers.clear())
    asides = Asides(header.names, layout)
    records = map(asides.without, chain([below], blocks))
    filled = (block for block in records if block.frame.height)
    for block in chain([next(filled, nothing)], filled):
        frame = _named(header.names, block.frame)
        beyond = tuple(frame.columns[len(header.names) :])
        own = replace(layout, unknown=layout.unknown + beyond)
        yield Part(place, delivery, own, frame, block.numbers)
    if remark := asides.remark(place):
        yield Remark(remark)


def _start(blocks: Blocks) -> Block | None:
    """The blocks up to the rows among which the header is."""
    frames, numbers, height = [], [], 0
    for block in blocks:
        frames.append(block.frame)
        numbers.append(block.numbers)
        height += block.frame.height
        if height >= _WITHIN:
            break
    if not height:
        return None
    return Block(pl.concat(frames, how="diagonal"), pl.concat(numbers))


def _header(dialect: Dialect, start: Block, spans: Sequence[Span], place: str) -> _Header:
    """The rows in which most columns are known; of several that are as good, the fewest.

    To these belong the rows below that the header's own cells reach into.
    """
    numbers = start.numbers.head(_WITHIN).to_list()
    rows = [[(cell or "").strip() for cell in row] for row in start.frame.head(_WITHIN).iter_rows()]
    first = _First(dialect, rows, numbers, spans)
    best, found = 0, None
    for depth in range(1, _DEEPEST + 1):
        for top in range(len(rows) - depth + 1):
            header = first.header(top, depth)
            known = dialect.recognised(header.names)
            if known > best:
                best, found = known, header
        if found and best == sum(map(bool, found.names)):
            break
    if found is None:
        widest = max(rows, key=lambda row: sum(map(bool, row)))
        filled = start.frame.select(pl.sum_horizontal(pl.all().is_not_null()).max())
        raise dialect.not_a_header(widest, place, cells=filled.item())
    while first.goes_on(found):
        found = first.header(found.top, found.depth + 1)
    named = [name or f"({n})" for n, name in enumerate(_trimmed(found.names), start=1)]
    return replace(found, names=unrepeated(named))


@dataclass(frozen=True, slots=True)
class _First:
    """The first rows of a grid with their numbers, and the cells that are merged."""

    dialect: Dialect
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int]
    spans: Sequence[Span]

    def header(self, top: int, depth: int) -> _Header:
        """So many rows from the one at `top`, read as a header."""
        band = self.rows[top : top + depth]
        if depth > 1:
            band = _spread(band, self.numbers[top : top + depth], self.spans)
        names = [_name(self.dialect, [row[at] for row in band]) for at in range(len(band[0]))]
        return _Header(names, top, depth, self.numbers[top + depth - 1])

    def goes_on(self, header: _Header) -> bool:
        """Whether the row below is the header's as well, so that it holds no record.

        It is where half of the known names stand in cells that are merged with those below them,
        or where it says something only below a name that stands over several columns.
        """
        below = header.top + header.depth
        if header.depth == _DEEPEST or below == len(self.rows):
            return False
        known = {at for at, name in enumerate(header.names) if self.dialect.knows(name)}
        merged = {
            at
            for span in self.spans
            if span.top <= header.number < span.bottom < span.top + _DEEPEST
            for at in range(span.left, span.right + 1)
        }
        if 2 * len(known & merged) >= len(known):
            return True
        blank = {at for at, name in enumerate(header.names) if not name}
        wide = {s.left for s in self.spans if s.bottom == header.number and s.right > s.left}
        filled = {at for at, cell in enumerate(self.rows[below]) if cell} - merged
        return bool(filled & blank) and filled <= (blank | {at - 1 for at in blank}) - known | wide


def _spread(
    band: Sequence[Sequence[str]], numbers: Sequence[int], spans: Sequence[Span]
) -> list[list[str]]:
    """The rows of a header with what a merged cell says in every cell that it spans.

    Where nothing tells of merged cells (CSV), the blanks after a cell are taken for spanned by it.
    """
    rows = [list(row) for row in band]
    within = [span for span in spans if span.top <= numbers[-1] and span.bottom >= numbers[0]]
    for span in within:
        held = [at for at, number in enumerate(numbers) if span.top <= number <= span.bottom]
        said = next((rows[at][span.left] for at in held if rows[at][span.left]), "")
        for at in held:
            rows[at][span.left : span.right + 1] = [said] * len(
                rows[at][span.left : span.right + 1]
            )
    if not within:
        for row in rows[:-1]:
            for at in range(1, len(row)):
                row[at] = row[at] or row[at - 1]
    return rows


def _name(dialect: Dialect, cells: Sequence[str]) -> str:
    """What the cells above each other name: together, or the lowest or highest that is known."""
    said = list(dict.fromkeys(cell for cell in cells if cell))
    if len(said) < 2:
        return "".join(said)
    whole = "".join(said)
    return next((name for name in (whole, said[-1], said[0]) if dialect.knows(name)), whole)


def _trimmed(names: list[str]) -> list[str]:
    """The names without the blank ones at the end."""
    return names[: max(n for n, name in enumerate(names, start=1) if name)]


def _named(names: Sequence[str], frame: pl.DataFrame) -> pl.DataFrame:
    """The frame under the names; columns beyond them only where they hold anything."""
    columns = [frame.to_series(at).alias(name) for at, name in enumerate(names[: frame.width])]
    lacking = [pl.Series(name, [None] * frame.height, pl.String) for name in names[frame.width :]]
    beyond = [
        frame.to_series(at).alias(f"({at + 1})")
        for at in range(len(names), frame.width)
        if frame.to_series(at).null_count() < frame.height
    ]
    return pl.DataFrame([*columns, *lacking, *beyond])


def _describes(layout: Layout, names: Sequence[str], below: Block) -> bool:
    """Whether the row under the header tells how to fill the columns in.

    At least two cells and half of the filled ones must read like that, so that no record is ever
    taken for one.
    """
    if not below.frame.height:
        return False
    known = set(layout.columns.values())
    row = zip(names, below.frame.row(0), strict=False)
    cells = [cell for name, cell in row if cell and name in known]
    describing = sum(bool(_DESCRIBING.search(cell)) for cell in cells)
    return describing >= 2 and describing * 2 >= len(cells)
