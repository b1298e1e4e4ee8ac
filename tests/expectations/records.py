"""Records for the tests of the rules: clean ones of each kind, and changes to them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from monitor import standard
from monitor.store.tables import behavior, finding, rule, to_judge
from monitor.words import Kind

ORGAN = "11500112MB00000018"
_DAYS = {
    "filed_on": date(2022, 1, 4),
    "legal_review_on": date(2022, 1, 7),
    "collective_discussion_on": date(2022, 1, 7),
    "occurred_on": date(2022, 1, 10),
    "closed_on": date(2022, 1, 12),
}
_TEXTS = {
    "supervise_item_code": "01030100100101",
    "implement_list_code": f"{ORGAN}4010301001001010001",
    "implement_institution_code": ORGAN,
    "implement_institution": "示范区市场监督管理局",
    "inspectors": "示范甲、示范乙",
    "area_code": "500112",
    "party_id_type": "001",
    "party_id": "91500112MA00000000",
    "check_result": "01",
    "case_source": "01",
    "force_kind": "01",
    "force_extension": "十日",
    "check_action_code": "示范检查-1",
}


def clean(kind: str, number: int, **changes: Any) -> dict[str, Any]:
    """The columns of record `number` of `kind`, which fails no rule but for `changes`."""
    values: dict[str, Any] = {
        field.column: _value(field, number) for field in standard.fields(kind)
    }
    values |= {
        "force_execution_type": None,  # the measure has a type of its own
        "kind": kind,
        "status": "accepted",
        "source": "demo",
        "record_id": f"{kind}-{number}",
        "record_id_from": "delivered",
        "content_hash": f"{number:x}",
        "first_seen_at": datetime(2022, 1, 20, tzinfo=UTC),
        "first_seen_on": date(2022, 1, 20),
        "submitted_on": date(2022, 1, 12),
        "party_id_fault": "none",
        "implement_list_fault": "none" if kind == "check" else None,
        "inspector_count": 2 if kind == "check" else None,
        "item_code_count": 1,
        "department": ORGAN,
        "month": "2022-01",
        "item_state_on_day": "in_use",
        "implement_list_state": "listed" if kind == "check" else None,
        "link_state": "not_needed" if kind == "check" else "linked",
        "submission_unproven": False,
    }
    return values | changes


def land(connection: sa.Connection, *records: dict[str, Any]) -> list[int]:
    """Put records into the store and into the queue; gives their ids in order."""
    columns = [column.name for column in behavior.columns if column.name != "id"]
    rows = [{name: record.get(name) for name in columns} for record in records]
    connection.execute(sa.insert(behavior), rows)
    names = [record["record_id"] for record in records]
    found = connection.execute(
        sa.select(behavior.c.record_id, behavior.c.id).where(behavior.c.record_id.in_(names))
    )
    numbers = {row.record_id: row.id for row in found}
    ids = [numbers[name] for name in names]
    queue(connection, *ids)
    return ids


def queue(connection: sa.Connection, *ids: int) -> None:
    """Queue records as landing does."""
    if ids:
        connection.execute(sa.insert(to_judge), [{"behavior_id": number} for number in ids])


def one_of_each(number: int = 1) -> list[dict[str, Any]]:
    """A clean record of every kind."""
    return [clean(kind.value, number) for kind in Kind]


def _value(field: standard.Field, number: int) -> Any:
    if field.column in _TEXTS:
        return _TEXTS[field.column]
    if field.column == "action_code":
        return f"示范-{number}"
    match field.type:
        case "date":
            return _DAYS.get(field.column, date(2022, 1, 18))
        case "instant":
            return datetime(2022, 1, 12, 1, tzinfo=UTC)
        case "boolean":
            return False
        case "number":
            return Decimal("100.00")
        case "code":
            assert field.code_list is not None
            return next(iter(standard.code_list(field.code_list)))
    return f"示范{field.name_zh}"[: field.max_length]


def found(connection: sa.Connection, number: int) -> set[str]:
    """Ids of the rules that the record fails according to the table `finding`."""
    query = (
        sa.select(rule.c.id)
        .join(finding, finding.c.rule == rule.c.number)
        .where(finding.c.behavior_id == number)
    )
    return set(connection.scalars(query))
