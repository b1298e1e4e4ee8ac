"""A ledger to write tests with: rows go straight into the tables, findings by hand."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import links, making, statements
from monitor.ledger.figures import percent
from monitor.ledger.statements import Statement
from monitor.sources.normalise import document_key
from monitor.store import Store, queue, statuses
from monitor.store.tables import (
    behavior,
    behavior_item,
    behavior_status,
    department,
    drawn_object,
    exemption,
    expected,
    finding,
    implement_list,
    item,
    plan,
    rule,
    run,
    to_judge,
    zero_report,
)
from monitor.workdays import ZONE, Month, local_day

A, B, C = (f"11500112MB000000{n}X" for n in (1, 2, 3))
"""Codes of departments that don't exist."""

JANUARY = Month(2022, 1)
CLASSES = ("01", "02", "03", "04", "05", "06", "07", "08", "09", "10")


def china(text: str) -> datetime:
    """The instant that the clocks in China show as `text`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


class _KilledError(Exception):
    """The process ends here."""


class Book:
    """A store with departments and rules, and short ways to put rows into it."""

    def __init__(
        self,
        store: Store,
        departments: Sequence[str] = (A,),
        rules: bool = True,
        sources: Sequence[Mapping[str, Any]] = (),
        **rule_: Any,
    ) -> None:
        self.store = store
        self.settings = Settings.model_validate({"month_zero": rule_, "source": sources})
        self._numbers = itertools.count(1)
        self._open: ExitStack | None = None
        self._connection: sa.Connection | None = None
        if rules:
            self._do(sa.insert(rule), [_rule(n, name) for n, name in enumerate(CLASSES)])
        for code in departments:
            self.department(code)

    def tick(self, now: datetime | str) -> dict[tuple[str, str], Statement]:
        """Facts, an empty judgement, statements; gives them by department and month."""
        at = china(now) if isinstance(now, str) else now
        self._judge(at)
        with self.store.writing() as connection:
            making.make(connection, self.settings, at)
            made = statements.read(connection)
        return {(each.department, str(each.month)): each for each in made}

    def kill_amid(self, now: datetime) -> None:
        """A daemon is killed while it makes the statements; the next one opens the store anew."""
        self._judge(now)
        with suppress(_KilledError), self.store.writing() as connection:
            making.make(connection, self.settings, now)
            raise _KilledError
        self.store.close()

    def _judge(self, at: datetime) -> None:
        self.commit()
        with self.store.writing() as connection:
            links.refresh(connection, self.settings, at)
            connection.execute(sa.delete(to_judge))

    def january(self, now: datetime | str, code: str = A) -> Statement:
        """The statement of January 2022 as of `now`."""
        return self.tick(now)[code, "2022-01"]

    def record(
        self,
        kind: str = "check",
        on: date | None = date(2022, 1, 10),
        submitted: datetime | str | None = "2022-01-11T10:00",
        status: str = "accepted",
        items: Sequence[str] = (),
        fails: Sequence[str] = (),
        owner: str | None = A,
        **values: Any,
    ) -> int:
        """Land a record; `fails` are classes that it has a critical finding of."""
        number = next(self._numbers)
        instant = china(submitted) if isinstance(submitted, str) else submitted
        seen = values.get("first_seen_at") or instant or datetime(2022, 1, 20, tzinfo=UTC)
        row = {
            "kind": kind,
            "action_code": f"{kind}-{number}",
            "occurred_on": on,
            "submitted_at": instant,
            "submitted_on": local_day(instant) if instant else None,
            "status": status,
            "status_at": instant,
            "implement_institution_code": owner,
            "record_id_from": "delivered",
            "first_seen_on": local_day(seen),
            "first_submitted_seen_at": instant,
        }
        key = self._insert(behavior, number, **row | values)
        self.queue(key)
        self.have_items(key, items)
        for name in fails:
            self.fail(key, name)
        return key

    def expect(self, kind: str = "check", **values: Any) -> int:
        """Land an expected row, by default of 2022-01-10."""
        row: dict[str, Any] = {"kind": kind, "department": A, "due_basis_on": date(2022, 1, 10)}
        return self._land(expected, **row | values)

    def item(self, code: str, owner: str = A, **values: Any) -> int:
        """Land an item in use."""
        row = {"item_code": code, "department": owner, "item_state": "01"}
        return self._insert(item, **row | values)

    def list_code(self, code: str, owner: str | None = A, **values: Any) -> int:
        """Land an entry of a department's implementation list."""
        row = {"implement_list_code": code, "department": owner}
        return self._insert(implement_list, **row | values)

    def department(self, code: str, **values: Any) -> int:
        """Land a department."""
        return self._insert(department, code=code, name=f"示范{code[-2]}局", **values)

    def free(self, day: date) -> None:
        """Add a free day of the office's own."""
        calendar = self.settings.calendar.model_copy(update={"free": (day,)})
        self.settings = self.settings.model_copy(update={"calendar": calendar})

    def draw(self, name: str, objects: Sequence[str], **values: Any) -> list[int]:
        """Land drawn objects of a plan."""
        row: dict[str, Any] = {"plan_id": name, "source": "drawn"} | values
        return [
            self._land(drawn_object, object_id=each, **{"object_name": each} | row)
            for each in objects
        ]

    def plan(self, name: str, objects: Sequence[str] = (), **values: Any) -> int:
        """Land a plan, by default of department A, with its drawn objects."""
        key = self._land(plan, plan_id=name, **{"department": A} | values)
        self.draw(name, objects)
        return key

    def withdraw(self, table: sa.Table, key: int) -> None:
        """Withdraw a row as its source does."""
        self.amend(table, key, deleted_at=datetime(2022, 2, 10, tzinfo=UTC))

    def amend(self, table: sa.Table, key: int, **values: Any) -> None:
        """Change a row of the directory, the catalogue or the like, as landing does."""
        self._note(table, key)
        self._do(sa.update(table).where(table.c.id == key).values(**values))
        self._note(table, key)

    def set_severity(self, name: str, severity: str) -> None:
        """Change how severe the rule of a class is."""
        of_class = rule.c.number == CLASSES.index(name)
        self._do(sa.update(rule).where(of_class).values(severity=severity))

    def report_zero(self, code: str, month: str, filed_at: str) -> int:
        """Land a zero report."""
        return self._insert(zero_report, department=code, month=month, filed_at=china(filed_at))

    def exempt(self, scope: str, **values: Any) -> int:
        """Land an exemption."""
        return self._insert(exemption, scope=scope, **values)

    def change(self, key: int, **values: Any) -> None:
        """Change a record as landing does: its id queued, then the new values."""
        self.queue(key)
        self._do(sa.update(behavior).where(behavior.c.id == key).values(**values))

    def remember(self, key: int, status: str, at: str) -> None:
        """Keep that a record was seen in a status since `at`."""
        self.queue(key)
        self._plain_insert(
            behavior_status,
            behavior_id=key,
            status=status,
            status_at=china(at),
            seen_at=china(at),
        )

    def see(
        self,
        key: int,
        status: str,
        status_at: datetime | None,
        submitted_at: datetime | None,
        seen_at: datetime,
    ) -> None:
        """Keep a status of a record as landing does."""
        self.queue(key)
        self._plain_insert(
            behavior_status,
            behavior_id=key,
            status=status,
            status_at=status_at,
            submitted_at=submitted_at,
            seen_at=seen_at,
        )

    def set_down(self, key: int) -> None:
        """Write down a record's only status, as landing does before the record changes."""
        statuses.set_down(self._writing(), pl.Series([key]))

    def have_items(self, key: int, codes: Sequence[str]) -> None:
        """Give a record other items."""
        self._do(sa.delete(behavior_item).where(behavior_item.c.behavior_id == key))
        for position, code in enumerate(codes, 1):
            self._plain_insert(behavior_item, behavior_id=key, position=position, item_code=code)

    def queue(self, key: int) -> None:
        """Queue a record as landing does."""
        queue.add(self._writing(), behavior.c.id == key)

    def fail(self, key: int, name: str) -> None:
        """Say that a record fails the critical rule of a class."""
        self.queue(key)
        self._plain_insert(finding, behavior_id=key, rule=CLASSES.index(name))

    def queued(self, now: str, *, everything: bool = False) -> set[int]:
        """Bring the facts up to date, as a check does; gives the records that it would judge."""
        self.commit()
        with self.store.writing() as connection:
            links.refresh(connection, self.settings, china(now), everything=everything)
            return set(connection.scalars(sa.delete(to_judge).returning(to_judge.c.behavior_id)))

    def set_rule(self, **values: Any) -> None:
        """Change settings of the month-zero rule."""
        changed = self.settings.month_zero.model_copy(update=values)
        self.settings = self.settings.model_copy(update={"month_zero": changed})

    def pass_all(self, key: int) -> None:
        """Say that a record fails nothing any more."""
        self.queue(key)
        self._do(sa.delete(finding).where(finding.c.behavior_id == key))

    def pulled(self, source: str, at: datetime | str, outcome: str = "ok") -> None:
        """Say that a source was pulled."""
        instant = china(at) if isinstance(at, str) else at
        self._plain_insert(
            run,
            job="pull",
            source=source,
            started_at=instant,
            finished_at=instant,
            outcome=outcome,
        )

    def fact(self, key: int, column: str) -> Any:
        """A fact of a record."""
        self.commit()
        with self.store.reading() as connection:
            return connection.scalar(sa.select(behavior.c[column]).where(behavior.c.id == key))

    def rows(self, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
        """What a query gives."""
        self.commit()
        with self.store.reading() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def _insert(self, table: sa.Table, number: int | None = None, **values: Any) -> int:
        number = number or next(self._numbers)
        row = {
            "source": "test",
            "record_id": f"{table.name}-{number}",
            "content_hash": str(number),
            "first_seen_at": datetime(2022, 1, 20, tzinfo=UTC),
        }
        if "document_no" in values:
            number_of_document = pl.lit(values["document_no"])
            row["document_key"] = pl.select(document_key(number_of_document)).item()
        key = self._do(sa.insert(table).values(**row | values).returning(table.c.id)).scalar()
        assert isinstance(key, int)
        return key

    def _land(self, table: sa.Table, **values: Any) -> int:
        key = self._insert(table, **values)
        self._note(table, key)
        return key

    def _note(self, table: sa.Table, key: int) -> None:
        """Queue a row that asks for records, or a record, as landing does."""
        if table is behavior:
            self.queue(key)
        elif table in queue.MATCHED_TABLES:
            queue.note(self._writing(), table, table.c.id == key)

    def _plain_insert(self, table: sa.Table, **values: Any) -> None:
        self._do(sa.insert(table).values(**values))

    def _do(self, statement: sa.Executable, rows: Any = None) -> sa.CursorResult[Any]:
        """Execute in the transaction that the next look at the store commits."""
        result = self._writing().execute(statement, rows)
        assert isinstance(result, sa.CursorResult)
        return result

    def _writing(self) -> sa.Connection:
        if self._connection is None:
            self._open = ExitStack()
            self._connection = self._open.enter_context(self.store.writing())
        return self._connection

    def commit(self) -> None:
        """Commit what was written so far."""
        if self._open is not None:
            self._open.close()
        self._open = self._connection = None


def shown(statement: Statement, name: str) -> str:
    """A figure as people read it: `38/40 = 95.00 %`; a dash where it is absent."""
    figure = statement.figures.get(name)
    if figure is None:
        return "–"
    numerator, denominator = figure["numerator"], figure["denominator"]
    return f"{numerator}/{denominator} = {percent(numerator, denominator)} %"


def share(statement: Statement, name: str) -> Decimal | None:
    """A figure in percent."""
    figure = statement.figures[name]
    return percent(figure["numerator"], figure["denominator"])


def _rule(number: int, name: str) -> Mapping[str, Any]:
    return {
        "number": number,
        "id": f"any.class_{name}",
        "kind": "check",
        "class": name,
        "severity": "critical",
        "field": "any",
        "message": "验证不通过",
        "suite": "test",
        "version": "1",
        "active": True,
    }
