"""What a preview tells of a source: places, rows and cells, and their machine form."""

from dataclasses import dataclass
from typing import Any, Literal

from monitor.config import SourceSettings

Use = Literal["field", "envelope", "unknown", "unneeded", "constant"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One delivered cell, or a constant, and what it becomes.

    `label` says what a code stands for; `why` a malformed cell can't be read; `remark` is what else
    somebody should look at.
    """

    header: str | None
    column: str | None
    name: str | None
    use: Use
    delivered: str | None
    value: str | None = None
    label: str | None = None
    why: str | None = None
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a row is as far as the row itself tells; `by` is the column, `name` the directory's."""

    code: str | None = None
    name: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it would land.

    `record_id_from` is delivered, key or hash, `record_id_of` the columns or headers it is made
    from. `lacking` are columns without which the row can't land.
    """

    place: str
    number: int
    record_id: str
    record_id_from: str
    record_id_of: tuple[str, ...]
    status: str | None
    status_at: str | None
    deleted: bool
    owner: Owner
    lacking: tuple[str, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A header row: how many of its columns are known, and what is amiss with the others.

    `absent` are those that the settings name.
    """

    place: str
    known: int
    unknown: tuple[str, ...]
    unneeded: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """How a source's first rows are read; `errors` and `remarks` are what came before them."""

    source: SourceSettings
    places: tuple[Place, ...] = ()
    rows: tuple[Row, ...] = ()
    errors: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def document(found: Preview) -> dict[str, Any]:
    """The versioned machine form."""
    source = found.source
    return {
        "source": source.name,
        "feed": source.feed.value,
        "dialect": source.dialect,
        "places": [
            {
                "place": place.place,
                "known": place.known,
                "unknown": list(place.unknown),
                "unneeded": list(place.unneeded),
                "missing": [{"column": column, "name": name} for column, name in place.missing],
                "absent": list(place.absent),
            }
            for place in found.places
        ],
        "rows": [_row_document(row) for row in found.rows],
        "errors": list(found.errors),
        "remarks": list(found.remarks),
    }


def _row_document(row: Row) -> dict[str, Any]:
    return {
        "place": row.place,
        "number": row.number,
        "record_id": row.record_id,
        "record_id_from": row.record_id_from,
        "record_id_of": list(row.record_id_of),
        "status": row.status,
        "status_at": row.status_at,
        "deleted": row.deleted,
        "department": {"code": row.owner.code, "name": row.owner.name, "by": row.owner.by},
        "lacking": list(row.lacking),
        "cells": [
            {
                "header": cell.header,
                "column": cell.column,
                "name": cell.name,
                "use": cell.use,
                "delivered": cell.delivered,
                "value": cell.value,
                "label": cell.label,
                "malformed": cell.why is not None,
                "why": cell.why,
                "remark": cell.remark,
            }
            for cell in row.cells
        ],
    }
