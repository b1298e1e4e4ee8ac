"""Asides: rows among the records of a sheet that are no records.

Totals and signatures stand below the records, the header again where sheets were put together, and
numbered lines that nobody filled in at the end of a template. None of them says anything of a
behaviour. A row counts as one only where every filled cell of it does, so that no record is taken
for one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from monitor.sources.columns import Layout
from monitor.sources.grids import Block
from monitor.standard.headers import key

_SHOWN = 5
_SPARSE = 3
"""At least one of so many columns is blank in a total or a signature."""
_TOTAL = re.compile(r"(?:本页)?[合总小共]\s*计\s*[:：]?\s*(?:[\d,.]+\s*\w{0,3})?")
_SIGNED = re.compile(
    r"(?:填[报表]|制表|统计|审[核批签]|复核|报送|经办|联系|负责|(?:单位|部门|分管|主要)(?:负责|领导)|备注|说明|注)"
    r"[^\s:：]{0,10}\s*[:：].*",
    re.DOTALL,
)
_AMOUNT = re.compile(r"[￥¥]?-?[\d,.]+\s*(?:万元|元|[条件户家个项起宗次人])?")
_BEGINS = r"^\s*(?:本页)?[合总小共填制统审复报经联负单部分主备说注]"


@dataclass
class Asides:
    """Tells the asides below one header; the numbers of those that said something are kept."""

    names: Sequence[str]
    layout: Layout
    _left_out: list[int] = field(default_factory=list)

    def without(self, block: Block) -> Block:
        """The block's records."""
        unfilled = self._unfilled(block.frame)
        numbers = block.numbers.to_list()
        saying = [at for at in self._suspects(block.frame) if self._is_aside(block.frame.row(at))]
        self._left_out += [numbers[at] for at in saying]
        gone = {*unfilled, *saying}
        if not gone:
            return block
        kept = ~pl.int_range(block.frame.height, eager=True).is_in(sorted(gone))
        return Block(block.frame.filter(kept), block.numbers.filter(kept))

    def remark(self, place: str) -> str | None:
        """What was left out, if anything was."""
        if not self._left_out:
            return None
        rows = ", ".join(map(str, self._left_out[:_SHOWN]))
        more = len(self._left_out) - _SHOWN
        listed = f"{rows} and {more} more" if more > 0 else rows
        word = "row" if len(self._left_out) == 1 else "rows"
        return f"{place} {word} {listed}: a total, a signature or the header again: left out"

    def _unfilled(self, frame: pl.DataFrame) -> list[int]:
        """The rows that only have what nobody reads: they were numbered, and left blank."""
        unneeded = {at for at, name in enumerate(self.names) if name in self.layout.unneeded}
        read = [c for at, c in enumerate(frame.iter_columns()) if at not in unneeded]
        if not unneeded or any(not column.null_count() for column in read):
            return []
        return (
            pl.DataFrame(read)
            .select(pl.all_horizontal(pl.all().is_null()).arg_true())
            .to_series()
            .to_list()
        )

    def _suspects(self, frame: pl.DataFrame) -> list[int]:
        """The rows that may be asides, by how they begin."""
        sparse = [column.is_null() for column in frame.iter_columns() if column.null_count()]
        found: set[int] = set()
        if _SPARSE * len(sparse) >= frame.width:
            blanks = pl.DataFrame(sparse).select(pl.sum_horizontal(pl.all())).to_series()
            some = frame.filter(blanks * _SPARSE >= frame.width)
            at = (blanks * _SPARSE >= frame.width).arg_true()
            first = some.select(pl.coalesce(pl.all())).to_series()
            found.update(at.filter(first.str.contains(_BEGINS).fill_null(value=False)))
        header = next(iter(self.layout.columns.values()))
        cells = frame.to_series(self.names.index(header)) if header in self.names else None
        if cells is not None:
            found.update((cells == header).fill_null(value=False).arg_true())
        return sorted(found)

    def _is_aside(self, row: Sequence[str | None]) -> bool:
        filled = [(at, cell.strip()) for at, cell in enumerate(row) if cell and cell.strip()]
        if all(at < len(self.names) and key(c) == self._key(at) for at, c in filled):
            return True
        words = [c for _, c in filled if _TOTAL.fullmatch(c) or _SIGNED.fullmatch(c)]
        others = [c for _, c in filled if c not in words]
        return bool(words) and all(_AMOUNT.fullmatch(c) for c in others)

    def _key(self, at: int) -> str:
        """The header's key, without what told it from another of the same name."""
        return key(self.names[at].partition("#")[0])
