"""A district to write to: rows straight into the tables, as the ledger leaves them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.notify import outbox as planning
from monitor.store import Store
from monitor.store.tables import (
    backlog,
    behavior,
    department,
    expected,
    outbox,
    run,
    statement,
)
from monitor.workdays import ZONE, Calendar, Month, close_day, day_end

A, B = "11500112MB0000001A", "11500112MB0000002B"
"""Codes of departments that don't exist."""

PARTY = "示范餐饮服务有限公司"
CREDIT_CODE = "91500112MA5AAAAA2H"
"""A made-up enterprise's code; its check digit is right (tests/notify/test_disclosure.py)."""

ROUTES = [
    {"department": B, "audience": ["clerk"], "to": "slack:#示范二局"},
    {"audience": ["clerk", "leader"], "to": "slack:#{short_name}"},
    {"audience": ["office", "justice", "operator"], "to": "slack:#政务办"},
]


def china(text: str) -> datetime:
    """The instant that the clocks in China show as `text`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def settings(routes: Sequence[dict[str, Any]] = ROUTES, **tables: Any) -> Settings:
    """Settings with a Slack channel and the routes of the district."""
    channel = {"name": "slack", "kind": "slack", "token": "xoxb-loopback-not-a-real-token"}
    return Settings.model_validate(
        {
            "office": {"name": "示范区政务服务管理办公室", "area_code": "500112"},
            "channel": [channel | tables.pop("slack", {})],
            "route": list(routes),
        }
        | tables
    )


class District:
    """A store with two departments, and short ways to say where they stand."""

    def __init__(self, store: Store, departments: Sequence[str] = (A, B)) -> None:
        self.store = store
        self._numbers = itertools.count(1)
        names = "一二三四五六七八九"
        for n, code in enumerate(departments):
            self.enters(code, f"示范{names[n]}局" if n < len(names) else f"示范{n + 1}局")

    def enters(self, code: str, name: str, **values: Any) -> None:
        """An entry of the directory."""
        self._insert(
            department,
            code=code,
            name=f"示范区{name}",
            short_name=name,
            source="departments",
            record_id=f"{code} {name}",
            content_hash=code,
            first_seen_at=china("2022-01-01T00:00"),
            **values,
        )

    def stands(self, code: str, month: str = "2022-01", **values: Any) -> None:
        """The statement of a department (or the district) and month, replaced if there is one."""
        with self.store.writing() as connection:
            key = (statement.c.department == code, statement.c.month == month)
            connection.execute(sa.delete(statement).where(*key))
            connection.execute(sa.insert(statement).values(_statement(code, month) | values))

    def owes(
        self,
        code: str,
        reason: str,
        due: str,
        month: str = "2022-01",
        charged: bool = True,
        **record: Any,
    ) -> int:
        """One backlog unit with its record; gives the backlog row's id."""
        behavior_id = self._insert(behavior, **self._delivered(), **_behavior(record))
        return self._insert(
            backlog,
            department=code,
            month=month,
            kind=record.get("kind", "check"),
            behavior_id=behavior_id,
            reason=reason,
            charged=charged,
            due_at=china(due),
        )

    def misses(self, code: str, due: str, month: str = "2022-01", **row: Any) -> int:
        """One unentered obligation that an expected row tells of."""
        values = {"kind": "punish", "party_name": PARTY} | row
        expected_id = self._insert(expected, **self._delivered(), **values)
        return self._insert(
            backlog,
            department=code,
            month=month,
            kind=values["kind"],
            expected_id=expected_id,
            reason="unentered",
            charged=True,
            due_at=china(due),
        )

    def ran(self, job: str, at: str, source: str | None = None) -> None:
        """A run that ended well."""
        instant = china(at)
        self._insert(
            run, job=job, source=source, started_at=instant, finished_at=instant, outcome="ok"
        )

    def plan(self, given: Settings, at: str) -> int:
        """Plan at the local time `at`."""
        with self.store.writing() as connection:
            return planning.plan(connection, given, china(at))

    def outbox(self) -> list[sa.Row[Any]]:
        """The outbox, in the order of planning."""
        with self.store.reading() as connection:
            return list(connection.execute(sa.select(outbox).order_by(outbox.c.id)))

    def planned(self) -> list[tuple[str, str, str]]:
        """Department, step and destination of each row."""
        return [(row.department, row.step, row.destination) for row in self.outbox()]

    def _delivered(self) -> dict[str, Any]:
        number = str(next(self._numbers))
        return {
            "source": "test",
            "record_id": number,
            "content_hash": number,
            "first_seen_at": china("2022-01-20T09:00"),
        }

    def _insert(self, table: sa.Table, **values: Any) -> int:
        with self.store.writing() as connection:
            key = connection.execute(sa.insert(table).values(values)).inserted_primary_key
            assert key is not None
            return int(key[0])


def _behavior(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "check",
        "action_code": "示范检字2022-001",
        "party_name": PARTY,
        "party_id": CREDIT_CODE,
        "object_name": PARTY,
        "inspectors": "示范甲、示范乙",
        "status": "draft",
        "record_id_from": "delivered",
        "first_seen_on": date(2022, 1, 20),
    } | record


def _statement(code: str, month: str) -> dict[str, Any]:
    close = close_day(Month.parse(month), "workday:5", Calendar())
    return {
        "department": code,
        "month": month,
        "changed_at": china("2022-01-20T09:00"),
        "close_at": day_end(close),
        "provisional_calendar": False,
        "in_scope": True,
        "obligations": 10,
        "backlog": 0,
        "backlog_of_month": 0,
        "pending": 0,
        "overdue": 0,
        "carried": 0,
        "silent": False,
        "expected_measured": True,
        "not_measured": [],
        "zero": True,
        "zero_of_month": True,
        "sealed_state": None,
        "current_state": "open",
        "figures": {},
        "moved_out": {},
        "moved_out_late": {},
        "reasons": {},
    }
