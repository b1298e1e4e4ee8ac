"""A batch: delivered rows as text, before anything is read into them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

import polars as pl

from monitor.errors import SourceError


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one place, landed in one transaction together with `cursors`.

    `frame` holds text under the delivered headers, null where no cell was delivered; `numbers` are
    the rows' numbers as a person counts them in that place. Keys are counted within a `delivery`.
    """

    place: str
    delivery: str
    frame: pl.DataFrame
    numbers: pl.Series
    cursors: Mapping[str, str] = field(default_factory=dict)


Reading = Iterator[Batch | SourceError]
"""What a source hands out: batches, and an error for each part of it that is of no use."""


def frame_of(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> pl.DataFrame:
    """`rows` as text columns; short rows are filled with nulls, cells beyond the headers are cut.

    A header that stands twice gets `#2`.
    """
    columns: dict[str, pl.Series] = {}
    for position, header in enumerate(unrepeated(headers)):
        cells = [cell_text(row[position]) if position < len(row) else None for row in rows]
        columns[header] = pl.Series(header, cells, pl.String)
    return pl.DataFrame(columns)


def unrepeated(headers: Sequence[str]) -> list[str]:
    """The headers, each repeated one with `#2`, `#3` … after it."""
    seen: dict[str, int] = {}
    names = []
    for header in headers:
        seen[header] = seen.get(header, 0) + 1
        names.append(header if seen[header] == 1 else f"{header}#{seen[header]}")
    return names


def cell_text(value: object) -> str | None:
    """A delivered value as the text that a CSV file would hold; None where there is nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, list) and all(isinstance(part, str | int) for part in value):
        return "、".join(str(part) for part in value) or None
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
