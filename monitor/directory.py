"""The directory of departments, as the ledger, the alerts and the metrics read it."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

import sqlalchemy as sa

from monitor.errors import UnknownDepartmentError
from monitor.store.tables import department
from monitor.words import DISTRICT, UNKNOWN_DEPARTMENT


@dataclass(frozen=True, slots=True)
class Department:
    """One department; `code` is its credit code."""

    code: str
    name: str
    short_name: str
    level: str | None = None
    local_code: str | None = None
    in_scope_from: date | None = None
    in_scope_to: date | None = None

    def in_scope(self, day: date) -> bool:
        """Whether the rule covers the department on `day`."""
        begun = self.in_scope_from is None or self.in_scope_from <= day
        return begun and (self.in_scope_to is None or day <= self.in_scope_to)


UNKNOWN = Department(UNKNOWN_DEPARTMENT, "归属不明", "归属不明")
WHOLE_DISTRICT = Department(DISTRICT, "全区", "全区")
UNOWNED = (UNKNOWN_DEPARTMENT,)
"""Beside departments: whom a record can be said to belong to."""

SUMMED = (DISTRICT, *UNOWNED)
"""Beside departments: what has statements."""


def read(connection: sa.Connection) -> Mapping[str, Department]:
    """The departments by code, in the directory's order.

    Of several entries of one code the latest landed holds.
    """
    query = sa.select(department).where(department.c.deleted_at.is_(None)).order_by(department.c.id)
    return {
        row.code: Department(
            code=row.code,
            name=row.name,
            short_name=row.short_name or row.name,
            level=row.level,
            local_code=row.local_code,
            in_scope_from=row.in_scope_from,
            in_scope_to=row.in_scope_to,
        )
        for row in connection.execute(query)
    }


def called(departments: Mapping[str, Department]) -> Mapping[str, Department]:
    """The departments by what else they are called and nobody else is: names and local codes."""
    names = [
        (name, each)
        for each in departments.values()
        for name in {each.name, each.short_name, each.local_code} - {None}
    ]
    counts = Counter(name for name, _ in names)
    return {name: each for name, each in names if name is not None and counts[name] == 1}


def named(departments: Mapping[str, Department], code: str) -> Department:
    """The department of `code`; unknown, the district and strangers get a name too."""
    if code in departments:
        return departments[code]
    if code == DISTRICT:
        return WHOLE_DISTRICT
    return UNKNOWN if code == UNKNOWN_DEPARTMENT else Department(code, code, code)


def find(
    departments: Mapping[str, Department],
    asked: str,
    besides: Collection[str] = SUMMED,
) -> str:
    """The code of the department that `asked` names: its code, name or short name.

    What is in `besides` names itself. Raises UnknownDepartmentError, which lists the nearest names,
    where nothing fits.
    """
    if asked in departments or asked in besides:
        return asked
    fitting = [d.code for d in departments.values() if asked in (d.name, d.short_name)]
    if len(fitting) == 1:
        return fitting[0]
    names = [d.short_name for d in departments.values()]
    near = get_close_matches(asked, names, n=5, cutoff=0.3) or names[:5]
    raise UnknownDepartmentError(
        f"expected a department's code, name or short name, found {asked!r}; "
        f"near it: {', '.join(near) or 'no department is known yet, run yueqingling pull'}"
    )
