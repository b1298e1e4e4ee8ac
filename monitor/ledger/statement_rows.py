"""Statement rows (统计行): the table `statement`, written where something of a row changed."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.ledger import past, revisions, states
from monitor.ledger.account import Account, is_blocked
from monitor.ledger.figures import Name
from monitor.ledger.looks import Look
from monitor.ledger.states import Position
from monitor.store import bulk
from monitor.store.tables import statement
from monitor.store.upsert import insert_on
from monitor.words import DISTRICT, MonthState
from monitor.workdays import Month

_KEY = ("department", "month")
_OWN_COLUMNS = frozenset(
    {*_KEY, "changed_at", "sealed_state", "current_state", "late", "not_measured"}
)
"""What isn't taken from an account as it is."""


def sealed(
    connection: sa.Connection, departments: Collection[str] | None
) -> frozenset[tuple[str, str]]:
    """Departments, of all or of some, and months that have a sealed statement.

    Those of a month that was reopened and waits to be sealed anew are among them.
    """
    query = sa.select(statement.c.department, statement.c.month).where(
        statement.c.sealed_state.is_not(None), statement.c.department != DISTRICT
    )
    if departments is not None:
        query = query.where(bulk.one_of(connection, statement.c.department, sorted(departments)))
    places = {(department, month) for department, month in connection.execute(query)}
    asked = None if departments is None else frozenset(departments)
    return frozenset(places).union(
        (department, month)
        for department, month in revisions.waiting_places(connection)
        if department != DISTRICT and (asked is None or department in asked)
    )


def accounts_of(connection: sa.Connection, settings: Settings, month: Month) -> list[Account]:
    """The accounts of all departments in a month, as their statements have them."""
    query = sa.select(statement).where(
        statement.c.month == str(month), statement.c.department != DISTRICT
    )
    return [_account(row, settings, month) for row in connection.execute(query)]


class Writing:
    """The writing of one look's statements.

    `sealed_months` are those that have a seal by now, `frozen` the states in the seals that this
    look made.
    """

    def __init__(
        self,
        connection: sa.Connection,
        look: Look,
        sealed_months: frozenset[str],
        frozen: Mapping[Month, Mapping[str, MonthState]],
    ) -> None:
        self._connection = connection
        self._look = look
        self._sealed_months = sealed_months
        self._frozen = frozen
        self._touched: set[str] = set()
        query = sa.select(statement.c.month).where(statement.c.department == DISTRICT)
        self._of_district = frozenset(connection.scalars(query))
        self.changed = 0
        """How many rows were written or dropped."""

    def write(
        self,
        accounts: Sequence[Account],
        departments: Collection[str] | None,
        holds: Callable[[str, str], bool],
    ) -> None:
        """Make the table hold the accounts, instead of what it has of `departments` (None: all).

        `holds` says for which department and month that is; a sealed statement stays whatever
        becomes of its department.
        """
        query = sa.select(statement)
        if departments is not None:
            of_those = bulk.one_of(self._connection, statement.c.department, sorted(departments))
            query = query.where(of_those)
        before = {
            (row.department, row.month): row
            for row in self._connection.execute(query)
            if holds(row.department, row.month)
        }
        rows = [self._row(each, before.get(_key(each))) for each in accounts]
        differing = [row for row in rows if _differs(row, before.get(_place(row)))]
        written = {_place(row) for row in rows}
        gone = [
            place
            for place, row in before.items()
            if place not in written and row.sealed_state is None
        ]
        self._keep([(place, before[place], None) for place in gone])
        self._keep([(_place(row), before.get(_place(row)), row) for row in differing])
        self._drop(gone)
        self._upsert(differing)
        self._touched |= {month for _department, month in gone}
        self._touched |= {row["month"] for row in differing}
        self.changed += len(gone) + len(differing)

    def drop_before(self, month: str) -> None:
        """Drop the statements of earlier months, but for sealed ones."""
        query = sa.select(statement).where(
            statement.c.month < month, statement.c.sealed_state.is_(None)
        )
        before = {(row.department, row.month): row for row in self._connection.execute(query)}
        gone = list(before)
        self._keep([(place, row, None) for place, row in before.items()])
        self._drop(gone)
        self.changed += len(gone)

    def lacks_district(self, month: Month) -> bool:
        """Whether the district's statement is still to be made of what was written of a month."""
        return str(month) in self._touched or str(month) not in self._of_district

    def _row(self, account: Account, old: Any | None) -> dict[str, Any]:
        month = str(account.month)
        frozen = self._frozen.get(account.month, {}).get(account.department)
        is_frozen_now = account.month in self._frozen
        if not is_frozen_now and old is not None and old.sealed_state is not None:
            frozen = MonthState(old.sealed_state)
        is_sealed = month in self._sealed_months
        was_late = old is not None and bool(old.late)
        late = states.is_late(account.position, is_sealed, frozen, was_late)
        values: dict[str, Any] = {
            column.name: getattr(account, column.name)
            for column in statement.columns
            if column.name not in _OWN_COLUMNS
        }
        return values | {
            "department": account.department,
            "month": month,
            "changed_at": self._look.as_of,
            "sealed_state": frozen,
            "current_state": states.current(account.position, is_sealed, late).value,
            "late": late,
            "not_measured": list(account.not_measured),
        }

    def _keep(
        self, changes: Iterable[tuple[tuple[str, str], Any | None, Mapping[str, Any] | None]]
    ) -> None:
        """Keep what is replaced; before the first look there is nothing that anybody was told."""
        if self._look.number > 1:
            told = [(at, None if old is None else old._mapping, new) for at, old, new in changes]
            past.keep(self._connection, self._look.number, told)

    def _drop(self, gone: Sequence[tuple[str, str]]) -> None:
        if gone:
            self._connection.execute(
                sa.delete(statement).where(
                    statement.c.department == sa.bindparam("old_department"),
                    statement.c.month == sa.bindparam("old_month"),
                ),
                [{"old_department": code, "old_month": month} for code, month in gone],
            )

    def _upsert(self, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(_upserting(self._connection.dialect.name), rows)


@cache
def _upserting(store: str) -> sa.Insert:
    insert = insert_on(store, statement)
    told = [column.name for column in statement.columns if column.name not in _KEY]
    return insert.on_conflict_do_update(
        index_elements=list(statement.primary_key),
        set_={name: insert.excluded[name] for name in told},
    )


def _key(account: Account) -> tuple[str, str]:
    return account.department, str(account.month)


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["department"], row["month"]


def _differs(row: Mapping[str, Any], old: Any | None) -> bool:
    """Whether anything of a statement is otherwise than it was."""
    return old is None or any(
        old._mapping[name] != value for name, value in row.items() if name != "changed_at"
    )


def _account(row: Any, settings: Settings, month: Month) -> Account:
    """A department's row as the account that it was made from, but for its tallies."""
    share = row.figures.get(Name.COVERAGE_SUB, {"numerator": 0, "denominator": 0})
    uncovered = share["denominator"] - share["numerator"]
    blocked = is_blocked(settings, row.backlog, row.silent, uncovered)
    values: dict[str, Any] = {
        column.name: row._mapping[column.name]
        for column in statement.columns
        if column.name not in _OWN_COLUMNS
    }
    return Account(
        department=row.department,
        month=month,
        not_measured=tuple(row.not_measured),
        position=Position(blocked, row.pending > 0, not row.not_measured),
        **values,
    )
