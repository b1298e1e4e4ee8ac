"""A look that goes on from the one before comes to what making everything anew comes to.

And what was said at each look can be read later, as it was said then.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitor.ledger import links, making, statements
from monitor.ledger.statements import Statement
from monitor.store import Store
from monitor.store.tables import (
    backlog,
    behavior,
    department,
    drawn_object,
    exemption,
    expected,
    expected_kind,
    item,
    item_act,
    metadata,
    plan,
    statement,
    tally,
    to_judge,
    unit,
    unit_count,
    zero_report,
)
from monitor.words import DISTRICT
from tests.ledger.book import A, B, Book, C, china

KEPT = (unit, unit_count, item_act, expected_kind, backlog, tally, statement)
OF_THE_LOOK = {"id", "since", "changed_at"}
"""What tells when a row was written, not what it says."""

SOURCES = [
    {"name": "test", "feed": "check", "kind": "files", "path": "*.csv", "status": "accepted"},
    {"name": "cases", "feed": "expected", "kind": "files", "path": "*.csv"},
]
LOOKS = [
    china(f"2022-{text}")
    for text in (
        "01-20T10:00",
        "02-09T23:59:59",
        "02-10T00:00",
        "02-12T00:00:01",
        "02-14T13:00",
        "03-02T09:00",
        "03-08T00:00",
        "04-20T12:00",
    )
]
DAYS = st.sampled_from(
    [date(2021, 12, 31), *(date(2022, 1, day) for day in (4, 10, 28, 31)), date(2022, 2, 7)]
)
OWNERS = st.sampled_from([A, A, B, B, "示范2局", "11500112MB0000009X", None])
KINDS = st.sampled_from(["check", "check", "punish", "other"])
CODES, DOCUMENTS, PLANS, PARTIES, ITEMS = (
    st.sampled_from([None, *names])
    for names in (
        ("示范-1", "示范-2", "示范-3"),
        ("示范罚〔2022〕1号", "示范罚〔2022〕2号"),
        ("计划一", "计划二"),
        ("甲", "乙"),
        ("0101", "0102"),
    )
)
DELETED = st.sampled_from([None, datetime.fromisoformat("2022-02-01T10:00+08:00")])

CELLS: dict[sa.Table, dict[str, st.SearchStrategy[Any]]] = {
    behavior: {
        "kind": KINDS,
        "action_code": CODES,
        "document_key": DOCUMENTS,
        "plan_id": PLANS,
        "party_id": PARTIES,
        "party_name": PARTIES,
        "occurred_on": DAYS | st.none(),
        "implement_institution_code": OWNERS,
        "supervise_item_code": ITEMS,
        "check_action_code": CODES,
        "case_source": st.sampled_from(["01", "02"]),
        "status": st.sampled_from(["draft", "pending", "returned", "accepted", "deleted"]),
        "deleted_at": DELETED,
    },
    expected: {
        "kind": KINDS,
        "department": OWNERS,
        "action_code": CODES,
        "document_key": DOCUMENTS,
        "plan_id": PLANS,
        "object_id": PARTIES,
        "party_name": PARTIES,
        "item_code": ITEMS,
        "due_basis_on": DAYS | st.none(),
        "deleted_at": DELETED,
    },
    plan: {"department": OWNERS, "ends_on": DAYS | st.none(), "deleted_at": DELETED},
    drawn_object: {"plan_id": PLANS.filter(bool), "deleted_at": DELETED},
    item: {
        "department": OWNERS,
        "item_state": st.sampled_from(["01", "03"]),
        "in_use_to": DAYS | st.none(),
        "deleted_at": DELETED,
    },
    department: {
        "name": st.sampled_from(["示范1局", "示范2局", "示范八局"]),
        "in_scope_to": DAYS | st.none(),
        "successors": st.sampled_from([None, A, B, f"{B}、{C}"]),
        "deleted_at": DELETED,
    },
    exemption: {"begins_on": DAYS | st.none(), "ends_on": DAYS | st.none(), "deleted_at": DELETED},
    zero_report: {"month": st.sampled_from(["2022-01", "2022-02"]), "deleted_at": DELETED},
}
"""The columns that change, by table."""

Change = Callable[["District"], object]


class District:
    """A book with the keys of what it holds."""

    def __init__(self, store: Store) -> None:
        with store.writing() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(sa.delete(table))
        self.book = Book(store, (), sources=SOURCES)
        self.keys: dict[sa.Table, list[int]] = {table: [] for table in CELLS}
        self.keys[department] = [self.book.department(code) for code in (A, B, C)]
        self.keys[item] = [self.book.item("0101", A), self.book.item("0102", B)]

    def amend(self, table: sa.Table, place: int, cells: dict[str, Any]) -> None:
        """Change one of the rows of a table, where there is one."""
        if keys := self.keys[table]:
            self.book.amend(table, keys[place % len(keys)], **cells)

    def plan(self, name: str, owner: str | None, ends_on: date) -> None:
        """A plan comes, with its drawn objects."""
        self.keys[plan].append(self.book.plan(name, department=owner, ends_on=ends_on))
        self.keys[drawn_object] += self.book.draw(name, ["甲", "乙"])

    def set_day(self, place: int, day: date) -> None:
        """Change a record's last instants."""
        at = china(f"{day}T10:00")
        self.amend(behavior, place, {"submitted_at": at, "submitted_on": day, "status_at": at})

    def judge(self, place: int, classes: list[str]) -> None:
        """Let a record fail other classes."""
        if keys := self.keys[behavior]:
            key = keys[place % len(keys)]
            self.book.pass_all(key)
            for name in classes:
                self.book.fail(key, name)


def _changes(table: sa.Table) -> st.SearchStrategy[Change]:
    """A row of a table changes in some of its columns."""
    cells = st.fixed_dictionaries({}, optional=CELLS[table]).filter(bool)
    return st.builds(
        lambda place, changed: lambda d: d.amend(table, place, changed), st.integers(0, 9), cells
    )


def _comes(table: sa.Table, land: Callable[..., int], *names: str) -> st.SearchStrategy[Change]:
    """A row of a table comes."""
    cells = {name: CELLS[table][name] for name in names or CELLS[table]}
    return st.builds(
        lambda values: lambda d: d.keys[table].append(land(d.book, **values)),
        st.fixed_dictionaries(cells),
    )


def _record(book: Book, supervise_item_code: str | None, **values: Any) -> int:
    codes = [supervise_item_code] if supervise_item_code else []
    return book.record(items=codes, supervise_item_code=supervise_item_code, **values)


_exempting: st.SearchStrategy[Change] = st.builds(
    lambda scope, owner, code, number: (
        lambda d: d.keys[exemption].append(
            d.book.exempt(scope, department=owner, item_code=code, action_code=number)
        )
    ),
    st.sampled_from(["department", "item", "unit"]),
    st.sampled_from([A, B, None]),
    ITEMS,
    CODES,
)
_planned: st.SearchStrategy[Change] = st.builds(
    lambda name, owner, day: lambda d: d.plan(name, owner, day),
    PLANS.filter(bool),
    OWNERS,
    DAYS,
)
_reported: st.SearchStrategy[Change] = st.builds(
    lambda owner, month: (
        lambda d: d.keys[zero_report].append(d.book.report_zero(owner, month, "2022-02-08T10:00"))
    ),
    st.sampled_from([A, B, C]),
    st.sampled_from(["2022-01", "2022-02"]),
)
_all_concerned: st.SearchStrategy[Change] = st.one_of(
    st.builds(
        lambda name, severity: lambda d: d.book.set_severity(name, severity),
        st.sampled_from(["06", "08"]),
        st.sampled_from(["critical", "warning"]),
    ),
    st.builds(
        lambda strict, pending: (
            lambda d: d.book.set_rule(strict_month=strict, charge_pending=pending)
        ),
        st.booleans(),
        st.sampled_from(["office", "department"]),
    ),
    st.builds(lambda day: lambda d: d.book.free(day), DAYS),
    st.builds(
        lambda name, at: lambda d: d.book.pulled(name, at),
        st.sampled_from(["test", "cases"]),
        st.sampled_from(["2022-02-09T20:00", "2022-02-14T12:30", "2022-03-07T23:00"]),
    ),
)
_change: st.SearchStrategy[Change] = st.one_of(
    _comes(behavior, _record),
    _comes(expected, Book.expect),
    _planned,
    _reported,
    _exempting,
    _changes(behavior),
    _changes(behavior),
    _changes(expected),
    *(_changes(table) for table in (plan, drawn_object, item, department)),
    *(_changes(table) for table in (exemption, zero_report)),
    st.builds(
        lambda place, day: lambda d: d.set_day(place, day),
        st.integers(0, 9),
        st.dates(date(2022, 1, 11), date(2022, 3, 14)),
    ),
    st.builds(
        lambda place, classes: lambda d: d.judge(place, classes),
        st.integers(0, 9),
        st.lists(st.sampled_from(["06", "08"]), max_size=2, unique=True),
    ),
    _all_concerned,
)
_history = st.lists(
    st.tuples(st.sampled_from(LOOKS), st.lists(_change, min_size=1, max_size=5)),
    min_size=3,
    max_size=5,
).map(lambda looks: sorted(looks, key=lambda look: look[0]))
_wayward = st.one_of(_history, _history, _history.map(lambda looks: [*looks[1:], looks[0]]))
"""Now and then the clock is set back before the last look."""


def kept(book: Book) -> dict[str, set[str]]:
    """What the ledger keeps, but for when it wrote it."""
    return {
        table.name: {
            str(row)
            for row in book.rows(sa.select(*(c for c in table.c if c.name not in OF_THE_LOOK)))
        }
        for table in KEPT
    }


@settings(
    max_examples=4,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(history=_wayward)
def test_what_is_made_bit_by_bit_is_what_is_made_anew(
    store: Store, history: list[tuple[datetime, list[Change]]]
) -> None:
    district = District(store)
    book = district.book
    said: dict[datetime, list[Statement]] = {}
    for now, changes in history:
        for change in changes:
            change(district)
        said[now] = list(book.tick(now).values())
        bit_by_bit = kept(book)
        with store.writing() as connection:
            links.refresh(connection, book.settings, now, everything=True)
            connection.execute(sa.delete(to_judge))
            made = making.make(connection, book.settings, now, anew=True)
        assert kept(book) == bit_by_bit
        assert made == making.Made(0, 0, 0)
    with store.reading() as connection:
        for now, then in said.items():
            assert statements.read(connection, at=now) == then
        assert statements.read(connection, at=min(said) - timedelta(seconds=1)) == []


def test_what_the_district_was_said_to_have_is_made_anew_with_all_else(store: Store) -> None:
    book = Book(store, (A, B))
    book.record(fails=["06"])
    book.tick("2022-01-20T10:00")
    right = _figures_of_district(book)
    wrong = right | {"valid_ratio_macro": {"numerator": 1, "denominator": 3}}
    of_district = statement.c.department == DISTRICT
    with store.writing() as connection:
        connection.execute(sa.update(statement).where(of_district).values(figures=wrong))
    book.tick("2022-01-20T11:00")
    assert _figures_of_district(book) == wrong
    with store.writing() as connection:
        made = making.make(connection, book.settings, china("2022-01-20T12:00"), anew=True)
    assert (made.statements, _figures_of_district(book)) == (1, right)


def _figures_of_district(book: Book) -> dict[str, Any]:
    query = sa.select(statement.c.figures).where(
        statement.c.department == DISTRICT, statement.c.month == "2022-01"
    )
    [(figures,)] = book.rows(query)
    return dict(figures)
