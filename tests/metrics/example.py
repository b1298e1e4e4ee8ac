"""A small district in the store: what the tests of metrics and endpoints look at."""

from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import looks
from monitor.ledger.looks import Look
from monitor.sources import runs
from monitor.sources.runs import Outcome
from monitor.store import tables

A, B, C = "11500112MB0000001A", "11500112MB0000002B", "11500112MB0000003C"
CLOSE = datetime(2022, 2, 11, 16, tzinfo=UTC)
SETTINGS = Settings.model_validate(
    {
        "office": {"name": "示范区政务服务管理办公室"},
        "source": [
            {
                "name": name,
                "feed": feed,
                "kind": "files",
                "path": f"inbox/{name}/*.csv",
                "status": "accepted",
            }
            for name, feed in (("checks", "check"), ("penalties", "punish"), ("late", "other"))
        ],
    }
)


def fill(connection: sa.Connection, now: datetime) -> None:
    """Three departments: A with backlog, B at zero, C whose checks could not be read."""
    delivered = {"source": "directory", "content_hash": "0", "first_seen_at": now}
    connection.execute(
        sa.insert(tables.department),
        [
            {
                "code": code,
                "name": f"示范区{short}局",
                "short_name": short,
                "level": "district",
                "record_id": code,
                **delivered,
            }
            for code, short in ((A, "城管"), (B, "文旅"), (C, "林业"))
        ],
    )
    looks.keep(connection, Look(1, now, "", ("2021-11", "2022-01"), (), (), {}), now)
    connection.execute(
        sa.insert(tables.statement),
        [
            standing(A, now, backlog=10, overdue=4, oldest_due_at=now - timedelta(hours=5)),
            standing(B, now, obligations=12, zero=True, pending=1),
            standing(C, now, not_measured=["check"], current_state="no_data", figures={}),
            standing("district", now, figures={"zero_ratio": {"numerator": 1, "denominator": 2}}),
            standing(
                A, now, month="2021-12", sealed_state="cleared_on_time", zero=True, figures={}
            ),
            standing(A, now, month="2021-11", backlog=99),
        ],
    )
    connection.execute(
        sa.insert(tables.tally),
        [
            {
                "department": A,
                "month": "2022-01",
                "kind": kind,
                "reason": reason,
                "state": state,
                "count": count,
            }
            for kind, reason, state, count in (
                ("check", "invalid", "overdue", 4),
                ("check", "draft", "in_limit", 5),
                ("punish", "unlinked", "in_limit", 1),
            )
        ],
    )
    _zero_reports(connection, now)
    _findings(connection, now)
    _runs(connection, now)
    _messages(connection, now)


def _zero_reports(connection: sa.Connection, now: datetime) -> None:
    """B says that it had nothing, and has twelve; A had nothing in the month before."""
    connection.execute(
        sa.insert(tables.zero_report),
        [
            {
                "department": department,
                "month": month,
                "source": "zero",
                "record_id": f"{department}|{month}",
                "content_hash": "0",
                "first_seen_at": now,
            }
            for department, month in ((B, "2022-01"), (A, "2021-12"))
        ],
    )


def standing(department: str, now: datetime, **values: object) -> dict[str, object]:
    """A row of `statement`."""
    return {
        "department": department,
        "month": "2022-01",
        "changed_at": now,
        "close_at": CLOSE,
        "provisional_calendar": False,
        "in_scope": True,
        "obligations": 0,
        "backlog": 0,
        "backlog_of_month": 0,
        "pending": 0,
        "overdue": 0,
        "carried": 0,
        "oldest_due_at": None,
        "silent": False,
        "expected_measured": True,
        "not_measured": [],
        "zero": False,
        "zero_of_month": False,
        "sealed_state": None,
        "current_state": "open",
        "figures": {
            "timely_ratio": {"numerator": 30, "denominator": 40},
            "linked_ratio": {"numerator": 0, "denominator": 0},
        },
        "moved_out": {},
        "reasons": {},
        "moved_out_late": {},
        **values,
    }


def _findings(connection: sa.Connection, now: datetime) -> None:
    connection.execute(
        sa.insert(tables.rule),
        [
            {
                "number": number,
                "id": f"check.rule{number}",
                "kind": "check",
                "class": of_class,
                "severity": "critical",
                "field": "字段",
                "message": "为必填项，不能为空",
                "suite": "check",
                "version": "1",
                "active": active,
            }
            for number, of_class, active in ((1, "01", True), (2, "06", True), (3, "07", False))
        ],
    )
    connection.execute(
        sa.insert(tables.behavior),
        [
            {
                "id": number,
                "kind": "check",
                "status": "accepted",
                "record_id_from": "delivered",
                "first_seen_on": date(2022, 1, 20),
                "source": "checks",
                "record_id": str(number),
                "content_hash": "0",
                "first_seen_at": now,
                "department": department,
                "month": month,
            }
            for number, department, month in (
                (1, A, "2022-01"),
                (2, A, "2022-01"),
                (3, B, "2021-11"),
            )
        ],
    )
    connection.execute(
        sa.insert(tables.finding),
        [
            {"behavior_id": behavior, "rule": rule}
            for behavior, rule in ((1, 1), (1, 2), (2, 1), (2, 3), (3, 1))
        ],
    )


def _runs(connection: sa.Connection, now: datetime) -> None:
    def pulled(source: str, hours_ago: int, outcome: Outcome, rows: int, **details: object) -> None:
        at = now - timedelta(hours=hours_ago)
        number = runs.begin(connection, source, at - timedelta(minutes=1), {})
        read = {"rows_read": rows, "rows_landed": rows, "rows_malformed": 1 if rows else 0}
        connection.execute(sa.update(tables.run).where(tables.run.c.id == number).values(read))
        if outcome is not Outcome.RUNNING:
            runs.end(connection, number, outcome, at, None, details)

    odd = {"malformed": {"occurred_on": 3}, "unknown_columns": {"企业分类": 20}}
    pulled("checks", 2, Outcome.OK, 100, malformed={"occurred_on": 2})
    pulled("checks", 1, Outcome.OK, 20, **odd)
    pulled("checks", 0, Outcome.RUNNING, 0)
    pulled("penalties", 30, Outcome.OK, 7)
    for hours_ago in range(6, 0, -1):
        pulled("penalties", hours_ago, Outcome.FAILED, 0)
    pulled("removed", 1, Outcome.OK, 7)
    an_hour_ago = now - timedelta(hours=1)
    connection.execute(
        sa.insert(tables.run).values(
            job="check", started_at=an_hour_ago, finished_at=an_hour_ago, outcome="ok"
        )
    )


def _messages(connection: sa.Connection, now: datetime) -> None:
    for number, state in enumerate(("sent", "sent", "waiting"), start=1):
        connection.execute(
            sa.insert(tables.outbox).values(
                id=number,
                department=A,
                month="2022-01",
                step=str(number),
                audience="clerk",
                channel="slack",
                destination="#示范",
                reason="due",
                message={},
                state=state,
                attempts=1,
                created_at=now - timedelta(hours=number),
                next_attempt_at=now,
            )
        )
    connection.execute(
        sa.insert(tables.delivery),
        [
            {"outbox_id": number, "attempted_at": now, "outcome": outcome}
            for number, outcome in ((1, "retry"), (1, "sent"), (2, "sent"), (3, "failed"))
        ],
    )
