"""What a pull has to remark about what was delivered, gathered until its end."""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from monitor import standard
from monitor.config import HttpSource
from monitor.sources import normalise
from monitor.sources.batch import Batch
from monitor.sources.columns import Dialect
from monitor.sources.counts import Counts, What
from monitor.sources.land import Landed
from monitor.sources.records import Records
from monitor.sources.unlanded import Keyless
from monitor.sources.versions import PARTS

_SHOWN = 5
_OLDER = "; without it a row counts as older than those that have one"
_DAYLIKE = (
    r"^(?:(?:19|20)\d{2}(?:\d{2}){0,2}"
    r"|\d{1,4}\s*[-./年]\s*\d{1,2}(?:\s*[-./月]\s*\d{1,4}\s*日?)?"
    r"(?:[T\s]*\d{1,2}[:时][\d:.时分秒]{0,8})?)$"
)
_NUMBER = re.compile(r"\d{6}")
_ROUNDED = r"^\d(?:\.\d+)?[eE]\+?\d\d$"
"""How a long code is written that Excel took for a number: not all of its digits."""
_CODE_ENDS = ("_code", "_no", "_nos", "_id")
_IDENTITIES = ("record_unique_identity", "cd_id", "id")
_AGENCY = re.compile(
    r"(?!\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]$)"
    r"1[0-9A-HJ-NPQRTUWXY]{17}"
)
"""A credit code (GB 32100-2015) that an agency may have: one of an enterprise begins with 9.

What also reads as the number of an identity card (GB 11643-1999) is taken for that.
"""
_AGENCYS_NAME = re.compile(
    r"[\u4e00-\u9fff（）()]{2,30}"
    r"(?:局|委|委员会|办|办公室|厅|署|总队|支队|大队|管委会|街道|办事处|政府)"
)
"""What no person and no enterprise is called."""


@dataclass
class Notes:
    """The remarks about one source's pull. Nothing of a party or a person is in them."""

    dialect: Dialect
    malformed: Counter[str] = field(default_factory=Counter)
    unknown_columns: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    departments: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    rounded: Counter[str] = field(default_factory=Counter)
    _first: dict[str, str] = field(default_factory=dict)
    _first_rounded: dict[str, str] = field(default_factory=dict)
    _missing: dict[str, str] = field(default_factory=dict)
    _absent: tuple[str, ...] | None = None
    _keyless: list[Keyless] = field(default_factory=list)
    _mapped: set[str] = field(default_factory=set)

    @property
    def known_columns(self) -> frozenset[str]:
        """The delivered headers that a field was known for wherever they stood."""
        return frozenset(self._mapped - self.unknown_columns.keys())

    def add(self, batch: Batch, records: Records, landed: Landed) -> None:
        """Take note of a batch that landed."""
        frame = records.frame
        self.malformed.update(frame["malformed"].drop_nulls().str.split("、").explode())
        items = {item.column: item for item in self.dialect.fields}
        for column in self.malformed.keys() - self._first.keys() - {"status"}:
            self._first[column] = _where(batch, frame, column, items.get(column))
        self._count_rounded(batch, frame)
        for part in batch.parts:
            self._mapped.update(part.layout.columns.values())
            for header in part.layout.unknown:
                count = part.frame.height - part.frame[header].null_count()
                if count:
                    self.unknown_columns[header] += count
            for item in part.layout.missing:
                self._missing.setdefault(item.name_zh, part.place)
            absent = part.layout.absent
            if self._absent is not None:
                absent = tuple(header for header in self._absent if header in absent)
            self._absent = absent
        self.statuses.update(records.unreadable)
        self._keyless += landed.keyless
        for owners in (records.owners, records.same):
            counts = owners.drop_nulls().value_counts()
            self.departments.update(dict(counts.iter_rows()))

    def _count_rounded(self, batch: Batch, frame: pl.DataFrame) -> None:
        """Codes that became numbers on their way into a file, and lost digits."""
        if frame.is_empty() or not any(part.is_placed for part in batch.parts):
            return
        delivered = {column for part in batch.parts for column in part.layout.columns}
        codes = [item.column for item in self.dialect.fields if item.column.endswith(_CODE_ENDS)]
        for column in (*_IDENTITIES, *codes):
            if column not in delivered or column not in frame.columns:
                continue
            rounded = frame[column].str.contains(_ROUNDED)
            if count := int(rounded.sum()):
                at = rounded.fill_null(value=False).arg_max() or 0
                where = f"{frame['place'][at]} row {frame['number'][at]}"
                self._first_rounded.setdefault(column, where)
                self.rounded[column] += count

    def unknown(self, directory: Collection[str]) -> Counts:
        """What nobody knows: cells by column, and rows by department that isn't in `directory`.

        Without a directory no department is unknown. What reads neither as an agency's code nor as
        its name may be a person or an enterprise: it is counted under "".
        """
        strangers: Counter[str] = Counter()
        for code, rows in self.departments.items():
            if directory and code not in directory:
                is_agency = _AGENCY.fullmatch(code) or _AGENCYS_NAME.fullmatch(code)
                strangers[code if is_agency else ""] += rows
        return {What.COLUMN: dict(self.unknown_columns), What.DEPARTMENT: dict(strangers)}

    def details(self, unknown: Counts) -> dict[str, Any]:
        """What the run's row keeps."""
        return {
            "malformed": dict(self.malformed),
            "unknown_columns": unknown[What.COLUMN],
            "unknown_departments": unknown[What.DEPARTMENT],
            "warnings": self.warnings(),
        }

    def warnings(self) -> list[str]:
        """One sentence for each thing of this delivery that somebody should look at.

        What is unknown for good, `unknown_lines` has: it is told once, not with every delivery.
        """
        names = {item.column: item.name_zh for item in self.dialect.fields}
        statuses: Counter[str] = Counter()
        for word, count in self.statuses.items():
            statuses[_word(word)] += count
        found = [*self.remarks]
        lacking: dict[str, list[str]] = {}
        for header, place in self._missing.items():
            lacking.setdefault(place, []).append(header)
        found += [f"{place}: {_missing(headers)}" for place, headers in lacking.items()]
        if self._absent and not self._may_leave_out:
            listed = ", ".join(self._absent[:_SHOWN])
            found.append(f"columns that the settings name and nobody delivers: {listed}")
        found += [
            f"{names.get(column, column)}: {_cells(count)} can't be read, first in "
            f"{self._first[column]}{_OLDER if column in PARTS else ''}"
            for column, count in sorted(self.malformed.items())
            if column != "status"
        ]
        found += [
            f"{names.get(column, column)}: {_cells(count)} lost digits as numbers such as 1.2E+17, "
            f"first in {self._first_rounded[column]}: the column has to be text where it is made"
            for column, count in sorted(self.rounded.items())
        ]
        found += [
            f"status {word} is not known: {_rows(count)} taken as pending"
            for word, count in statuses.most_common(_SHOWN)
        ]
        return found

    @property
    def _may_leave_out(self) -> bool:
        """Whether few records are read at a time, which leave out what is blank in them."""
        source = self.dialect.source
        return isinstance(source, HttpSource) and source.cursor is not None

    def unlanded(self) -> list[str]:
        """A sentence about the rows that can't land, which are kept apart until they come right."""
        if not self._keyless:
            return []
        listed = ", ".join(map(str, self._keyless[:_SHOWN]))
        return [
            f"{_rows(len(self._keyless))} can't land without what the feed "
            f"{self.dialect.source.feed} is known by: {listed}"
        ]


def _where(batch: Batch, frame: pl.DataFrame, column: str, item: standard.Field | None) -> str:
    """The first row with the malformed cell, and why; the cell too where it looks like a day."""
    first = frame["malformed"].fill_null("").str.split("、").list.contains(column).arg_max() or 0
    where = f"{frame['place'][first]} row {frame['number'][first]}"
    at = frame["row"][first]
    for part in batch.parts:
        if at < part.frame.height:
            break
        at -= part.frame.height
    cell = part.frame[part.layout.columns[column]][at]
    looks_like_day = pl.Series([cell]).str.contains(_DAYLIKE)[0]
    shown = f' "{cell}"' if looks_like_day else ""
    is_count = column == "sequence"
    why = "expected a whole number" if is_count else normalise.why_malformed(item, cell)
    return f"{where}:{shown} {why}"


def _word(status: str) -> str:
    """The delivered status, unless it is a number: then the column is another one."""
    return "that is a number" if _NUMBER.search(status) else f'"{status[:20]}"'


def _missing(headers: list[str]) -> str:
    if len(headers) == 1:
        return f"the mandatory column {headers[0]} is missing; its cells count as blank"
    return f"the mandatory columns {', '.join(headers)} are missing; their cells count as blank"


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"
