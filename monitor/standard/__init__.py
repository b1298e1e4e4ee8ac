"""The platform's standard as data: fields by feed, code lists and division codes.

fields.csv holds one row a field (data standard of the supervision-behaviour tables), code_lists.csv
one row a code, divisions.csv the county-level and higher codes of GB/T 2260; dialects.csv and
refused.csv are what `headers` reads.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, cast

FieldType = Literal["text", "code", "list", "date", "instant", "boolean", "number"]

DIVISION_LIST = "行政区划代码"
"""Name of the code list whose codes are the divisions."""

_BESIDE = {
    "department": "所属部门",
    "record_id": "记录唯一标识",
    "status": "状态",
    "status_at": "状态时间",
    "cd_time": "入库时间",
}
"""What departments call the columns that rules name and the standard doesn't hold."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a feed.

    `headers` are the names under which a delivered column may stand: the Chinese name and its
    aliases, the exchange column and the column itself (snake_case).
    """

    feed: str
    name_zh: str
    column: str
    headers: tuple[str, ...]
    mandatory: bool
    type: FieldType
    max_length: int | None
    code_list: str | None


@cache
def fields(feed: str) -> tuple[Field, ...]:
    """The fields of `feed` in the standard's order; empty for a feed the standard doesn't hold."""
    return tuple(field for field in _all_fields() if field.feed == feed)


def field_name(feed: str, column: str) -> str:
    """What departments call the column of a record of `feed`."""
    for field in fields(feed):
        if field.column == column:
            return field.name_zh
    return _BESIDE.get(column, column)


@cache
def code_list(name: str) -> dict[str, str]:
    """The codes of list `name` with their labels, in the standard's order.

    Raises KeyError where the standard has no such list.
    """
    if name == DIVISION_LIST:
        return {row["code"]: row["name"] for row in rows("divisions.csv")}
    codes = {row["code"]: row["label"] for row in rows("code_lists.csv") if row["list"] == name}
    if not codes:
        raise KeyError(name)
    return codes


@cache
def _all_fields() -> tuple[Field, ...]:
    return tuple(_field(row) for row in rows("fields.csv"))


def _field(row: dict[str, str]) -> Field:
    headers = (
        row["name_zh"],
        *row["alias_zh"].split(";"),
        row["exchange_column"],
        row["column"],
    )
    return Field(
        feed=row["feed"],
        name_zh=row["name_zh"],
        column=row["column"],
        headers=tuple(dict.fromkeys(header for header in headers if header)),
        mandatory=row["mandatory"] == "yes",
        type=cast("FieldType", row["type"]),
        max_length=int(row["max_length"]) if row["max_length"] else None,
        code_list=row["code_list"] or None,
    )


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of one of the data files."""
    text = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
