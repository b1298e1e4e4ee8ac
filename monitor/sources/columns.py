"""Header dialects: which delivered column is which field.

Chinese names with their aliases, exchange columns (snake_case) and camelCase forms are all known;
a source's `columns` map adds its own. Case, blanks, brackets of either width, underscores and marks
of mandatory columns make no difference.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from monitor import standard
from monitor.config import SourceSettings, StatusSettings
from monitor.errors import SourceError

ENVELOPE = {
    "record_unique_identity": ("record_unique_identity", "记录唯一标识"),
    "cd_id": ("cd_id",),
    "id": ("id",),
    "cd_time": ("cd_time", "插入时间"),
    "cd_source": ("cd_source", "数据来源"),
    "cd_batch": ("cd_batch", "批次号"),
    "cd_operation": ("cd_operation", "操作类型"),
    "sequence": ("sequence", "cd_sequence", "顺序号"),
}
"""What goes round a row rather than in it, with the headers that deliver it."""

_IGNORED = re.compile(r"[\s_*\-‐‑–—―\"'“”‘’]|\((?:必填|选填|可空)\)")

_RECORD_LIKE = re.compile(r"\d{6}|\d{4}[-./年]\d")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a delivery's columns are mapped.

    `columns` is column → delivered header, the envelope's among them; `unknown` are headers that
    mean nothing here; `missing` are mandatory fields that have no header.
    """

    columns: dict[str, str]
    unknown: tuple[str, ...]
    missing: tuple[standard.Field, ...]


@dataclass(frozen=True)
class Dialect:
    """The headers that one source may use."""

    source: SourceSettings

    @cached_property
    def fields(self) -> tuple[standard.Field, ...]:
        """The fields of the source's feed."""
        return standard.fields(self.source.feed)

    @cached_property
    def _targets(self) -> dict[str, str]:
        """Column by header key; the settings' own names win over the standard's."""
        known = {key(header): field.column for field in self.fields for header in field.headers}
        for column, headers in ENVELOPE.items():
            for header in headers:
                known.setdefault(key(header), column)
        own: dict[str, str] = {}
        for header, name in self.source.columns.items():
            if key(name) not in known:
                raise SourceError(
                    f"source {self.source.name}: columns: expected a field of {self.source.feed} "
                    f'as what "{header}" stands for, found "{name}"'
                )
            own[key(header)] = known[key(name)]
        if isinstance(self.source.status, StatusSettings):
            own[key(self.source.status.column)] = "status"
            if self.source.status.at:
                own[key(self.source.status.at)] = "status_at"
        return known | own

    def recognised(self, headers: Sequence[str]) -> int:
        """How many of `headers` are known; 0 where they are no header row of this feed.

        A header row has at least a third of the mandatory fields.
        """
        found = {self._targets.get(key(header)) for header in headers} - {None}
        mandatory = [field.column for field in self.fields if field.mandatory]
        enough = len(found.intersection(mandatory)) >= max(1, math.ceil(len(mandatory) / 3))
        return len(found) if enough else 0

    def layout(self, headers: Sequence[str], place: str) -> Layout:
        """The mapping of `headers`.

        Raises SourceError where they are no header row of this feed, or lack the status column that
        the settings name. Of two headers for one field the first is taken, the other is unknown.
        """
        if not self.recognised(headers):
            raise self.not_a_header(headers, place)
        columns: dict[str, str] = {}
        unknown = []
        for header in headers:
            column = self._targets.get(key(header))
            if column is None or column in columns:
                unknown.append(header)
            else:
                columns[column] = header
        status = self.source.status
        if isinstance(status, StatusSettings) and "status" not in columns:
            raise SourceError(
                f"{place}: expected the status column {status.column}, found {_listed(headers)}"
            )
        missing = tuple(
            field for field in self.fields if field.mandatory and field.column not in columns
        )
        return Layout(columns, tuple(unknown), missing)

    def not_a_header(self, found: Sequence[str], place: str) -> SourceError:
        """The error for a place without a header row; `found` is what stands there instead.

        Where that reads like a record it isn't shown: there are people in it.
        """
        expected = _listed([field.name_zh for field in self.fields if field.mandatory])
        record = any(_RECORD_LIKE.search(cell) for cell in found)
        shown = "rows of records without a header above them" if record else _listed(found)
        return SourceError(
            f"{place}: no header row of feed {self.source.feed}: expected at least a third of "
            f"{expected}; found {shown}"
        )


def key(header: str) -> str:
    """What two spellings of one header have in common."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", header)).lower()


def _listed(headers: Sequence[str]) -> str:
    shown = [header.strip()[:20] for header in headers if header.strip()][:30]
    return ", ".join(shown) or "nothing"
