"""The tables (docs/develop.md says which part writes which).

Instants are UTC, days are dates in the office's zone, months are text (2022-01), money is yuan.
Codes are text. A department is named by its credit code, or `unknown`.
"""

from monitor.store.tables.behaviors import behavior, behavior_item, behavior_status, borrows_day
from monitor.store.tables.columns import delivery_columns, metadata
from monitor.store.tables.delivered import (
    asked,
    department,
    drawn_object,
    exemption,
    expected,
    implement_list,
    item,
    plan,
    zero_report,
)
from monitor.store.tables.judging import condition, finding, judged_by, rule, to_judge
from monitor.store.tables.messages import contact, delivery, outbox
from monitor.store.tables.operation import audit, cursor, lease, run, source_count, unlanded
from monitor.store.tables.statements import (
    backlog,
    backlog_event,
    look,
    reopening,
    seal,
    statement,
    statement_change,
    tally,
)
from monitor.store.tables.units import (
    calendar_day,
    counted_by,
    expected_kind,
    fed,
    item_act,
    to_count,
    to_draw,
    to_match,
    unit,
    unit_count,
)

__all__ = [
    "asked",
    "audit",
    "backlog",
    "backlog_event",
    "behavior",
    "behavior_item",
    "behavior_status",
    "borrows_day",
    "calendar_day",
    "condition",
    "contact",
    "counted_by",
    "cursor",
    "delivery",
    "delivery_columns",
    "department",
    "drawn_object",
    "exemption",
    "expected",
    "expected_kind",
    "fed",
    "finding",
    "implement_list",
    "item",
    "item_act",
    "judged_by",
    "lease",
    "look",
    "metadata",
    "outbox",
    "plan",
    "reopening",
    "rule",
    "run",
    "seal",
    "source_count",
    "statement",
    "statement_change",
    "tally",
    "to_count",
    "to_draw",
    "to_judge",
    "to_match",
    "unit",
    "unit_count",
    "unlanded",
    "zero_report",
]
