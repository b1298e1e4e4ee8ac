"""Columns: which delivered column is which field, for one source.

The platform's Chinese names with their aliases, the exchange tables' names and their camelCase
forms are always known (monitor/standard/headers.py); a ready-made dialect and the settings'
`columns` add theirs, and go before. Case, blanks, brackets of either width, underscores and marks
of mandatory columns make no difference.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from monitor import standard
from monitor.config import FilesSource, SourceSettings, StatusSettings
from monitor.errors import NoHeaderError, SourceError
from monitor.standard import headers as known
from monitor.standard.headers import Meaning, key

_RECORD_LIKE = re.compile(r"\d{6}|\d{4}[-./年]\d")
_LONGEST = 40
"""So much of a header is shown: of the longest names of columns all."""
_OWN, _DIALECT, _STANDARD = range(3)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a delivery's columns are mapped.

    `columns` is column → delivered header, the envelope's among them; `unknown` are headers that
    mean nothing here, `unneeded` those that are known and read by nobody; `missing` are mandatory
    fields that have no header, `absent` headers that the settings name and nobody delivers. `units`
    say what a column's bare numbers are in, and `constants` what every row has in a column that
    isn't delivered.
    """

    columns: dict[str, str]
    unknown: tuple[str, ...]
    missing: tuple[standard.Field, ...]
    unneeded: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dialect:
    """The headers that one source may use."""

    source: SourceSettings

    @cached_property
    def fields(self) -> tuple[standard.Field, ...]:
        """The fields of the source's feed."""
        return standard.fields(self.source.feed)

    @cached_property
    def _meanings(self) -> Mapping[str, Meaning]:
        """What each header stands for, by its key; the settings' own win over all others."""
        return {**known.meanings(self.source.feed, self.source.dialect), **self._own}

    @cached_property
    def _own(self) -> Mapping[str, Meaning]:
        """What the settings say of headers."""
        source = self.source
        targets = known.meanings(source.feed, source.dialect)
        told = {
            key(header): targets.get(key(name), Meaning(name)).column
            for header, name in source.columns.items()
        }
        if isinstance(source.status, StatusSettings):
            for header, column in (
                (source.status.column, "status"),
                (source.status.at, "status_at"),
                (source.status.submitted, "submitted_at"),
            ):
                if header is not None:
                    told[key(header)] = column
        return {header: Meaning(column) for header, column in told.items()}

    @cached_property
    def _units(self) -> Mapping[str, str]:
        """What the settings say of units, by column."""
        return {self._column(name): unit for name, unit in self.source.units.items()}

    @cached_property
    def _constants(self) -> Mapping[str, str]:
        """What every row has where no header delivers it, by column."""
        source = self.source
        told = {self._column(name): value for name, value in source.values.items()}
        if source.department is not None and any(f.column == "department" for f in self.fields):
            told.setdefault("department", source.department)
        return {**known.constants(source.feed, source.dialect), **told}

    def _column(self, name: str) -> str:
        meaning = self._meanings.get(key(name))
        return (meaning.column if meaning else None) or name

    @cached_property
    def _needed(self) -> tuple[standard.Field, ...]:
        """The mandatory fields that the source can be expected to deliver: of a dialect its own."""
        needed = [f for f in self.fields if f.mandatory and f.column not in self._constants]
        if self.source.dialect is None:
            return tuple(needed)
        own = {m.column for m in self._meanings.values() if m.named} | {
            m.column for m in self._own.values()
        }
        return tuple(f for f in needed if f.column in own) or tuple(needed)

    def knows(self, header: str) -> bool:
        """Whether something is known by the header."""
        return key(header) in self._meanings

    def recognised(self, headers: Sequence[str]) -> int:
        """How many of `headers` are known; 0 where they are no header row of this feed.

        A header row has at least a third of the mandatory fields, or half of the headers that the
        settings name and two of them.
        """
        keys = {key(header) for header in headers}
        found = {m.column for name in keys if (m := self._meanings.get(name))} - {None}
        needed = {f.column for f in self._needed}
        named = keys & self._own.keys()
        enough = len(found & needed) >= self._a_third or len(named) >= self._half_of_own
        return len(found) if enough else 0

    @property
    def least(self) -> int:
        """How many cells a header row has at the least; no row of the feed is narrower."""
        return min(self._a_third, self._half_of_own) if self._own else self._a_third

    @cached_property
    def _a_third(self) -> int:
        return max(1, math.ceil(len(self._needed) / 3))

    @cached_property
    def _half_of_own(self) -> int:
        return max(2, math.ceil(len(self._own) / 2))

    def layout(self, headers: Sequence[str], place: str) -> Layout:
        """The mapping of `headers`.

        Raises SourceError where they are no header row of this feed or one of what is no behaviour,
        or lack the status column that the settings name. Of two headers for one field the settings'
        own is taken, else the dialect's, else the first; the other is unknown.
        """
        if not self.recognised(headers) or known.refused(headers):
            raise self.not_a_header(headers, place)
        meant = {header: self._meanings.get(key(header)) for header in headers}
        columns: dict[str, str] = {}
        for header in sorted(headers, key=self._precedence):
            meaning = meant[header]
            if meaning is not None and meaning.column is not None:
                columns.setdefault(meaning.column, header)
        status = self.source.status
        if isinstance(status, StatusSettings) and "status" not in columns:
            expected = status.column or "that the settings' columns name"
            raise SourceError(
                f"{place}: expected the status column {expected}, found {_listed(headers)}"
            )
        taken = set(columns.values())
        unneeded = tuple(h for h, m in meant.items() if m is not None and m.column is None)
        units = {
            column: self._units.get(column) or meaning.unit
            for column, header in columns.items()
            if (meaning := meant[header]) is not None
        }
        constants = {c: value for c, value in self._constants.items() if c not in columns}
        return Layout(
            columns={m.column: h for h, m in meant.items() if h in taken and m and m.column},
            unknown=tuple(h for h in headers if h not in taken and h not in unneeded),
            missing=tuple(
                f
                for f in self.fields
                if f.mandatory and f.column not in columns and f.column not in constants
            ),
            unneeded=unneeded,
            absent=self._absent(headers),
            units={column: unit for column, unit in units.items() if unit},
            constants=constants,
        )

    def _absent(self, headers: Sequence[str]) -> tuple[str, ...]:
        status = self.source.status
        named = [*self.source.columns]
        if isinstance(status, StatusSettings):
            named += [header for header in (status.at, status.submitted) if header is not None]
        there = {key(header) for header in headers}
        return tuple(header for header in named if key(header) not in there)

    def _precedence(self, header: str) -> int:
        name = key(header)
        if name in self._own:
            return _OWN
        meaning = self._meanings.get(name)
        return _DIALECT if meaning is not None and meaning.named else _STANDARD

    def not_a_header(
        self, found: Sequence[str], place: str, cells: int | None = None
    ) -> SourceError:
        """The error for a place without a header row; `found` is what stands there instead.

        Where that reads like a record it isn't shown: there are people in it. `cells` are filled in
        the widest row, where that is another one.
        """
        refusal = known.refused(found)
        if refusal is not None:
            return SourceError(f"{place}: {refusal}; found {_listed(found)}")
        expected = _listed([item.name_zh for item in self._needed])
        record = any(_RECORD_LIKE.search(cell) for cell in found)
        shown = "rows of records without a header above them" if record else _listed(found)
        what = "no header row" if isinstance(self.source, FilesSource) else "no columns"
        return NoHeaderError(
            f"{place}: {what} of feed {self.source.feed}: expected at least a third of "
            f"{expected}; found {shown}; the setting columns maps other names",
            sum(map(bool, found)) if cells is None else cells,
        )


def _listed(headers: Sequence[str]) -> str:
    shown = [" ".join(header.split())[:_LONGEST] for header in headers if header.strip()][:30]
    return ", ".join(shown) or "nothing"
