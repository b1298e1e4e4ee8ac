"""What a pull has to remark about what was delivered, gathered until its end."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import sqlalchemy as sa

from monitor.config import BEHAVIOR_FEEDS, SourceSettings
from monitor.sources.batch import Batch
from monitor.sources.columns import Dialect
from monitor.sources.land import Landed
from monitor.sources.records import Records
from monitor.store.tables import department

_SHOWN = 5
_DAYLIKE = (
    r"^(?:(?:19|20)\d{2}(?:\d{2}){0,2}"
    r"|\d{1,4}\s*[-./年]\s*\d{1,2}(?:\s*[-./月]\s*\d{1,4}\s*日?)?"
    r"(?:[T\s]*\d{1,2}[:时][\d:.时分秒]{0,8})?)$"
)
_NUMBER = re.compile(r"\d{6}")
_AGENCY = re.compile(
    r"(?!\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]$)"
    r"1[0-9A-HJ-NPQRTUWXY]{17}"
)
"""A credit code (GB 32100-2015) that an agency may have: one of an enterprise begins with 9.

What also reads as the number of an identity card (GB 11643-1999) is taken for that.
"""


@dataclass
class Notes:
    """The remarks about one source's pull. Nothing of a party or a person is in them."""

    dialect: Dialect
    malformed: Counter[str] = field(default_factory=Counter)
    unknown_columns: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    departments: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    _first: dict[str, str] = field(default_factory=dict)
    _missing: dict[str, str] = field(default_factory=dict)
    _keyless: list[str] = field(default_factory=list)

    def add(self, batch: Batch, records: Records, landed: Landed) -> None:
        """Take note of a batch that landed."""
        frame = records.frame
        self.malformed.update(frame["malformed"].drop_nulls().str.split("、").explode())
        for column in self.malformed.keys() - self._first.keys():
            self._first[column] = _where(batch, frame, column)
        for part in batch.parts:
            for header in part.layout.unknown:
                count = part.frame.height - part.frame[header].null_count()
                if count:
                    self.unknown_columns[header] += count
            for item in part.layout.missing:
                self._missing.setdefault(item.name_zh, part.place)
        self.statuses.update(records.unreadable)
        self._keyless += landed.keyless
        owner = _owner_column(self.dialect.source)
        if owner is not None:
            counts = frame[owner].drop_nulls().value_counts()
            self.departments.update(dict(counts.iter_rows()))

    def strangers(self, connection: sa.Connection) -> dict[str, int]:
        """Departments that were named and the directory doesn't hold, with rows; none without one.

        What is no agency's code may be a person's or an enterprise's: it is counted under "".
        """
        known = set(connection.scalars(sa.select(department.c.code)))
        found: Counter[str] = Counter()
        for code, rows in self.departments.items():
            if known and code not in known:
                found[code if _AGENCY.fullmatch(code) else ""] += rows
        return dict(found)

    def details(self, strangers: dict[str, int]) -> dict[str, Any]:
        """What the run's row keeps."""
        return {
            "malformed": dict(self.malformed),
            "unknown_columns": dict(self.unknown_columns),
            "warnings": self.warnings(strangers),
        }

    def warnings(self, strangers: dict[str, int]) -> list[str]:
        """One sentence for each thing that somebody should look at."""
        names = {item.column: item.name_zh for item in self.dialect.fields}
        statuses: Counter[str] = Counter()
        for word, count in self.statuses.items():
            statuses[_word(word)] += count
        found = [*self.remarks]
        found += [
            f"{place}: the mandatory column {header} is missing; its cells count as blank"
            for header, place in self._missing.items()
        ]
        found += [
            f"{names.get(column, column)}: {_cells(count)} can't be read, first in "
            f"{self._first[column]}"
            for column, count in sorted(self.malformed.items())
            if column != "status"
        ]
        found += [
            f"status {word} is not known: {_rows(count)} taken as pending"
            for word, count in statuses.most_common(_SHOWN)
        ]
        if self.unknown_columns:
            listed = ", ".join(f"{h} ({n})" for h, n in self.unknown_columns.most_common(20))
            found.append(f"columns that no field is known for, kept in raw: {listed}")
        if strangers:
            ordered = sorted(strangers.items(), key=lambda pair: (-pair[1], pair[0]))
            listed = ", ".join(f"{code or 'no code'} ({n})" for code, n in ordered[:_SHOWN])
            more = f" and {len(strangers) - _SHOWN} more" if len(strangers) > _SHOWN else ""
            found.append(f"departments that the directory doesn't hold: {listed}{more}")
        if self._keyless:
            listed = ", ".join(self._keyless[:_SHOWN])
            found.append(
                f"{_rows(len(self._keyless))} can't land without what the feed "
                f"{self.dialect.source.feed} is known by: {listed}"
            )
        return found


def _owner_column(source: SourceSettings) -> str | None:
    if source.feed in BEHAVIOR_FEEDS:
        return "implement_institution_code"
    named = {item.column for item in Dialect(source).fields}
    return "department" if "department" in named else None


def _where(batch: Batch, frame: pl.DataFrame, column: str) -> str:
    """The first row with the malformed cell; the cell too where it looks like a day."""
    at = frame["malformed"].fill_null("").str.split("、").list.contains(column).arg_max() or 0
    where = f"{frame['place'][at]} row {frame['number'][at]}"
    for part in batch.parts:
        if at < part.frame.height:
            break
        at -= part.frame.height
    cell = part.frame[part.layout.columns[column]][at]
    looks_like_day = pl.Series([cell]).str.contains(_DAYLIKE)[0]
    return f'{where}: "{cell}"' if looks_like_day else where


def _word(status: str) -> str:
    """The delivered status, unless it is a number: then the column is another one."""
    return "that is a number" if _NUMBER.search(status) else f'"{status[:20]}"'


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"
