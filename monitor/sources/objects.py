"""JSON objects as rows of text."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from monitor.sources.cells import cell_text


def flat(record: Mapping[str, Any]) -> dict[str, str | None]:
    """The record's values as text; an object within it becomes columns named with a dot.

    So do the objects of a list, what they say under one name joined by 、.
    """
    cells: dict[str, str | None] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            cells |= {f"{name}.{inner}": text for inner, text in flat(value).items()}
        elif value and isinstance(value, list) and all(isinstance(part, dict) for part in value):
            cells |= {f"{name}.{inner}": text for inner, text in _together(value).items()}
        else:
            cells[name] = cell_text(value)
    return cells


def _together(records: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    said: dict[str, list[str]] = {}
    for cells in map(flat, records):
        for name, text in cells.items():
            said.setdefault(name, []).extend([text] if text else [])
    return {name: "、".join(texts) or None for name, texts in said.items()}


def frame_of_objects(records: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """A row for each record, a text column for each name that one of them has."""
    rows = [flat(record) for record in records]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame(
        {name: pl.Series(name, [row.get(name) for row in rows], pl.String) for name in names}
    )
