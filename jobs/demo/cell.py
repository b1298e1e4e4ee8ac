"""Values as departments write them."""

from datetime import date, datetime
from decimal import Decimal

from jobs.demo.record import Cell, Record, Value
from monitor.words import Status

STATUS_WORDS = {
    Status.DRAFT: "暂存",
    Status.PENDING: "待审核",
    Status.RETURNED: "退回",
    Status.ACCEPTED: "审核通过",
    Status.DELETED: "已删除",
}
"""The platform's words for where a record stands."""


def text_of(value: Value) -> str | None:
    """`value` as text; None where there is none."""
    if isinstance(value, tuple):
        return "、".join(value)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value


def delivered(record: Record, column: str) -> Cell:
    """What stands in the record's cell for `column`."""
    if column in record.written:
        return record.written[column]
    return text_of(record.values.get(column))
