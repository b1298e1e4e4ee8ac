"""The ledger agrees with the slow reference of the month-zero rule on random small districts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings

from monitor.ledger import bygone, revisions, tallies, trend, verification
from monitor.ledger.statements import Statement
from monitor.store import Store
from monitor.store.tables import (
    backlog,
    backlog_event,
    department,
    exemption,
    look,
    metadata,
    seal,
)
from monitor.store.tables import expected as expected_table
from monitor.words import DISTRICT
from monitor.workdays import ZONE, Month, day_end
from tests.ledger.book import A, B, Book, C
from tests.ledger.histories import Case, Ending, cases
from tests.ledger.reference.statements import Ledger, Standing
from tests.ledger.reference.units import SUBMITTED, Unit, units
from tests.ledger.reference.world import Expected, Record, Seen, World, day_of, months_up_to

PAST_BACKLOG = ("department", "month", "heirs", "kind", "behavior_id", "reason")
PAST_COLUMNS = (*PAST_BACKLOG[:-1], "to_reason")
"""What a unit of the backlog is, and what the events tell of it later."""

Past = tuple[list[tuple[Any, ...]], dict[tuple[str, str], Statement]]
"""What a look left: the rows of the backlog, and the statements."""


class District:
    """A case laid into the tables look by look, and the same rows for the reference."""

    def __init__(self, store: Store, case: Case) -> None:
        with store.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(sa.delete(table))
        self.case = case
        self.book = Book(store, (), charge_pending=case.charge_pending, strict_month=case.strict)
        self.departments = {code: self.book.department(code) for code in (A, B, C)}
        self.ends: Mapping[str, Ending] = {}
        self.renamed: set[str] = set()
        for item in case.items:
            self.book.item(
                item.code,
                item.owner,
                item_state=item.state,
                in_use_from=item.since,
                in_use_to=item.to,
            )
        for pull in sorted(case.pulls):
            self.book.pulled("test", pull)
        self.records: dict[int, Record] = {}
        self.expected: dict[int, Expected] = {}
        self.exemptions: dict[int, int] = {}
        self.filed: set[int] = set()
        self.before: dict[int, dict[str, Any]] = {}

    def look(self, number: int, now: datetime) -> tuple[World, dict[tuple[str, str], Statement]]:
        """Bring the tables to what the sources say now, and make the statements."""
        for place, life in enumerate(self.case.lives):
            told = life.at(number, now)
            if told is not None and told != self.before.get(place):
                self._land(place, life.kind, told, now)
                self.before[place] = told
        self._expect(number, now)
        self._exempt(number)
        self._end(number)
        self._rename(number)
        for place, report in enumerate(self.case.zero_reports):
            if report.filed_at <= now and place not in self.filed:
                self.filed.add(place)
                filed = report.filed_at.astimezone(ZONE).replace(tzinfo=None)
                self.book.report_zero(report.department, report.month, filed.isoformat())
        if number in self.case.restarts:
            self.book.kill_amid(now)
        return self._world(), self.book.tick(now)

    def reopen(self, month: str, now: datetime) -> None:
        """The office says that a month's seal holds no longer."""
        of = Month.parse(month)
        with self.book.store.writing() as connection:
            revisions.reopen(connection, of, now, "示范人员", "示范原因", of)

    def _land(self, place: int, kind: str, told: dict[str, Any], now: datetime) -> None:
        old = self.records.get(place)
        values = {
            "action_code": told["code"],
            "occurred_on": told["on"],
            "implement_institution_code": told["institution"],
            "implement_list_code": told["list_code"],
            "supervise_item_code": told["item"],
            "check_action_code": told["check_code"],
            "check_result": told["check_result"],
            "case_source": told["case_source"],
            "status": told["status"],
            "status_at": told["status_at"],
            "submitted_at": told["submitted_at"],
            "submitted_on": day_of(told["submitted_at"]) if told["submitted_at"] else None,
            "deleted_at": now if told["withdrawn"] else None,
        }
        seen_sent = old.submitted_seen_at if old else None
        if seen_sent is None and told["status"] in SUBMITTED:
            seen_sent = now
        values["first_submitted_seen_at"] = seen_sent
        seen = Seen(told["status"], told["status_at"], told["submitted_at"], now)
        history = old.seen if old else []
        is_new = [replace(each, seen_at=now) for each in history[-1:]] != [seen]
        if old is None:
            items = [told["item"]] if told["item"] else []
            key = self.book.record(kind, items=items, first_seen_at=now, **values)
        else:
            key = old.key
            if is_new:
                self.book.set_down(key)
            self.book.change(key, **values)
            self.book.have_items(key, [told["item"]] if told["item"] else [])
            self.book.pass_all(key)
        for name in sorted(told["fails"]):
            self.book.fail(key, name)
        if old is not None and is_new:
            self.book.see(key, seen.status, seen.status_at, seen.submitted_at, now)
        if is_new:
            history = [*history, seen]
        self.records[place] = Record(
            key=key,
            kind=kind,
            first_seen_at=old.first_seen_at if old else now,
            submitted_seen_at=seen_sent,
            seen=history,
            **told,
        )

    def _expect(self, number: int, now: datetime) -> None:
        for place, (row, comes, goes) in enumerate(self.case.expected):
            if comes <= number < goes and place not in self.expected:
                key = self.book.expect(
                    row.kind,
                    department=row.department,
                    action_code=row.code,
                    due_basis_on=row.on,
                    item_code=row.item,
                    first_seen_at=now,
                )
                self.expected[place] = replace(row, key=key, first_seen_at=now)
            elif number >= goes and place in self.expected:
                self.book.withdraw(expected_table, self.expected.pop(place).key)

    def _exempt(self, number: int) -> None:
        for place, (row, comes, goes) in enumerate(self.case.exemptions):
            if comes <= number < goes and place not in self.exemptions:
                self.exemptions[place] = self.book.exempt(
                    row.scope,
                    department=row.department,
                    item_code=row.item,
                    action_code=row.code,
                    begins_on=row.begins_on,
                    ends_on=row.ends_on,
                )
            elif number >= goes and place in self.exemptions:
                self.book.withdraw(exemption, self.exemptions.pop(place))

    def _end(self, number: int) -> None:
        """The directory says which departments end, and who follows; it may be corrected."""
        says = self.case.ends if number < self.case.corrected_at else self.case.ends_otherwise
        ends = says if number >= self.case.ends_at else {}
        for code, key in self.departments.items():
            ending = ends.get(code)
            if ending != self.ends.get(code):
                last, successors = (ending.last, ending.successors) if ending else (None, ())
                heirs = "、".join(successors) or None
                self.book.amend(department, key, in_scope_to=last, successors=heirs)
        self.ends = ends

    def _rename(self, number: int) -> None:
        """The directory says that a department is called otherwise from a day on."""
        renamed = self.case.renamed
        if renamed is None or number < self.case.ends_at or renamed.code in self.renamed:
            return
        self.renamed.add(renamed.code)
        first = renamed.last + timedelta(days=1)
        self.book.amend(department, self.departments[renamed.code], in_scope_to=renamed.last)
        self.book.department(renamed.code, short_name="示范新局", in_scope_from=first)

    def _world(self) -> World:
        lasts = {code: each.last for code, each in self.ends.items()}
        return World(
            departments={code: lasts.get(code) for code in self.departments},
            successors={code: each.successors for code, each in self.ends.items()},
            charge_pending=self.case.charge_pending,
            strict=self.case.strict,
            pulls=tuple(self.case.pulls),
            items=list(self.case.items),
            records=list(self.records.values()),
            expected=list(self.expected.values()),
            exemptions=[
                row
                for place, (row, *_) in enumerate(self.case.exemptions)
                if place in self.exemptions
            ],
            zero_reports=[
                row for place, row in enumerate(self.case.zero_reports) if place in self.filed
            ],
        )


def _told(made: Statement, counted: Counter[tuple[str, str, str]]) -> Standing:
    """A statement of the ledger in the words of the reference."""
    return Standing(
        in_scope=made.in_scope,
        obligations=made.obligations,
        backlog=made.backlog,
        backlog_of_month=made.backlog_of_month,
        pending=made.pending,
        overdue=made.overdue,
        carried=made.carried,
        silent=made.silent,
        zero=made.zero,
        zero_of_month=made.zero_of_month,
        figures=_figures(made.figures),
        tallies=counted,
        state="",
        moved_out=sum(made.moved_out.values()),
    )


def _figures(figures: dict[str, dict[str, int]]) -> dict[str, tuple[int, int]]:
    """The figures that the reference knows too."""
    names = ("entry", "timely", "valid", "linked", "return_fix", "zero")
    wanted = {*(f"{name}_ratio" for name in names), "progress"}
    return {
        name: (each["numerator"], each["denominator"])
        for name, each in figures.items()
        if name in wanted
    }


def _compare(
    district: District, ledger: Ledger, number: int, now: datetime
) -> dict[tuple[str, str], Statement]:
    if number in district.case.reopenings and (month := ledger.reopen()) is not None:
        district.reopen(month, now)
    world, made = district.look(number, now)
    _compare_backlog(district, world, now)
    months = months_up_to(day_of(now).strftime("%Y-%m"), min(month for _code, month in made))
    wanted = ledger.tick(world, now, months)
    counted: dict[tuple[str, str], Counter[tuple[str, str, str]]] = {key: Counter() for key in made}
    with district.book.store.reading() as connection:
        for row in tallies.read(connection):
            for code in (row.department, "district"):
                counted[code, row.month][row.kind, row.reason, row.state] += row.count
    found = {
        key: (_told(each, counted[key]), each.sealed_state, each.current_state)
        for key, each in made.items()
    }
    assert found == {
        key: (replace(each, state=""), sealed, state)
        for key, (each, sealed, state) in wanted.items()
    }
    _compare_seals(district, ledger)
    return made


def _due(unit: Unit) -> datetime:
    return day_end(unit.reason_due_on)


def _compare_backlog(district: District, world: World, now: datetime) -> None:
    b = backlog.c
    columns = (b.behavior_id, b.expected_id, b.kind, b.department, b.month)
    found = district.book.rows(sa.select(*columns, b.reason, b.charged, b.due_at))
    wanted = [
        (*(u.record, u.expected, u.kind, u.department, u.month, u.reason), u.charged, _due(u))
        for u in units(world, now)
        if u.reason is not None
    ]
    assert sorted(found, key=str) == sorted(wanted, key=str)
    standing = Counter((row[3], row[4]) for row in found)
    came_and_went: Counter[tuple[str, str]] = Counter()
    e = backlog_event.c
    for code, month, old, new in district.book.rows(
        sa.select(e.department, e.month, e.from_reason, e.to_reason)
    ):
        came_and_went[code, month] += (new is not None) - (old is not None)
    assert +came_and_went == standing


def _compare_past(district: District, past: Mapping[int, Past]) -> None:
    """What each look left is read from what was kept as it was when the look was made."""
    with district.book.store.reading() as connection:
        for number, (standing, made) in past.items():
            for (code, month), statement in made.items():
                found = bygone.standing(connection, number, code, statement.month)
                columns = (found.c[name] for name in PAST_COLUMNS)
                rows = [tuple(row) for row in connection.execute(sa.select(*columns))]
                assert len(rows) == statement.backlog + statement.pending
                if code == DISTRICT:
                    wanted = [row for row in standing if row[1] <= month]
                    assert sorted(rows, key=str) == sorted(wanted, key=str)
        for code in {code for _standing, made in past.values() for code, _month in made}:
            stood = 0
            for day in trend.read(connection, code, date(2021, 12, 1)):
                there, movement = day.backlog + day.pending, day.movement
                went = movement.cleared + movement.moved_out
                assert there - stood == movement.came.total() - went, (code, day)
                stood = there


def _compare_seals(district: District, ledger: Ledger) -> None:
    with district.book.store.reading() as connection:
        assert verification.verify(connection).broken == ()
    query = sa.select(seal.c.document).order_by(seal.c.month, seal.c.revision)
    documents = [document for (document,) in district.book.rows(query)]
    found = {
        (each["department"], document["month"]): (
            each["state"],
            each["obligations"],
            each["backlog"],
            each["pending"],
            each["carried"],
            each["silent"],
            _figures(each["figures"]),
            each["reasons"] if each["department"] != "district" else {},
        )
        for document in documents
        for each in document["statements"]
    }
    wanted = {}
    for key, each in ledger.sealed.items():
        reasons: Counter[str] = Counter()
        for (_kind, reason, _state), count in each.tallies.items():
            reasons[reason] += count
        wanted[key] = (
            each.state,
            each.obligations,
            each.backlog,
            each.pending,
            each.carried,
            each.silent,
            each.figures,
            dict(reasons) if key[0] != "district" else {},
        )
    assert found == wanted


@settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a difference is found on a small district already
    suppress_health_check=list(HealthCheck),
)
@given(case=cases())
def test_the_ledger_says_what_the_rule_says(store: Store, case: Case) -> None:
    district, ledger = District(store, case), Ledger()
    past: dict[int, Past] = {}
    for number, now in enumerate(case.looks):
        made = _compare(district, ledger, number, now)
        b = backlog.c
        rows = district.book.rows(sa.select(*(b[name] for name in PAST_BACKLOG)))
        [(last,)] = district.book.rows(sa.select(sa.func.max(look.c.number)))
        past[last] = (rows, made)
    _compare_past(district, past)
