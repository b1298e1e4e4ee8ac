"""The directory of departments, as the ledger, the alerts and the metrics read it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches

import sqlalchemy as sa

from monitor.errors import UnknownDepartmentError
from monitor.store.tables import department
from monitor.words import DISTRICT, UNKNOWN_DEPARTMENT

_NEAR, _LIKENESS = 5, 0.5
"""How many names are offered for a wrong one, and how much a near one has in common with it."""


@dataclass(frozen=True, slots=True)
class Department:
    """A department as one entry of the directory says; `code` is its credit code.

    `also` is what other entries call it, in its time. `successors` (承接部门) are codes or names of
    those who take over when it ends. `has_namesake` where another department has, had or will have
    the same short name.
    """

    code: str
    name: str
    short_name: str
    level: str | None = None
    local_code: str | None = None
    in_scope_from: date | None = None
    in_scope_to: date | None = None
    also: frozenset[str] = frozenset()
    successors: tuple[str, ...] = ()
    has_namesake: bool = False

    @property
    def label(self) -> str:
        """The short name, in a list of departments; with the code where others are called so."""
        return f"{self.short_name} {self.code}" if self.has_namesake else self.short_name

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


@dataclass(frozen=True, slots=True)
class Directory:
    """All entries by code, in the directory's order; those of one code oldest first.

    Several entries of one code are the department's names and levels in the course of time.
    """

    entries: Mapping[str, Sequence[Department]]

    def __contains__(self, code: object) -> bool:
        return code in self.entries

    def on(self, day: date) -> Mapping[str, Department]:
        """The departments by code as they are on a day.

        Of one that isn't there on the day the last entry before it holds, else the first.
        """
        return {code: _entry(dated, day) for code, dated in self.entries.items()}

    def in_scope(self, code: str, day: date) -> bool:
        """Whether the rule covers the department of `code` on a day."""
        return any(entry.in_scope(day) for entry in self.entries.get(code, ()))

    def named(self, code: str, day: date) -> Department:
        """The department of `code` as it is on a day; whatever has no entry gets a name too."""
        return _entry(self.entries[code], day) if code in self.entries else named({}, code)


def whole(connection: sa.Connection) -> Directory:
    """The directory with all its entries.

    Where two entries of one code begin on one day the one that landed later goes behind.
    """
    query = sa.select(department).where(department.c.deleted_at.is_(None)).order_by(department.c.id)
    found: dict[str, list[Department]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.code].append(
            Department(
                code=row.code,
                name=row.name,
                short_name=row.short_name or row.name,
                level=row.level,
                local_code=row.local_code,
                in_scope_from=row.in_scope_from,
                in_scope_to=row.in_scope_to,
                successors=tuple(row.successors.split("、")) if row.successors else (),
            )
        )
    bearers: dict[str, set[str]] = defaultdict(set)
    for code, entries in found.items():
        for each in entries:
            bearers[each.short_name].add(code)
    shared = {name for name, codes in bearers.items() if len(codes) > 1}
    return Directory({code: _dated(entries, shared) for code, entries in found.items()})


def read(connection: sa.Connection, on: date) -> Mapping[str, Department]:
    """The departments by code as they are on a day, in the directory's order."""
    return whole(connection).on(on)


def _dated(entries: Sequence[Department], shared: Collection[str]) -> Sequence[Department]:
    names = {
        name
        for each in entries
        for name in (each.name, each.short_name, each.local_code)
        if name is not None
    }
    return [
        replace(
            each,
            also=frozenset(names - {each.name, each.short_name, each.local_code}),
            has_namesake=each.short_name in shared,
        )
        for each in sorted(entries, key=lambda each: each.in_scope_from or date.min)
    ]


def _entry(dated: Sequence[Department], day: date) -> Department:
    holding = [each for each in dated if each.in_scope(day)]
    begun = [each for each in dated if each.in_scope_from is None or each.in_scope_from <= day]
    return (holding or begun or dated[:1])[-1]


def called(departments: Mapping[str, Department]) -> Mapping[str, Department]:
    """The departments by what else they are called and nobody else is: names and local codes."""
    names = [
        (name, each)
        for each in departments.values()
        for name in {each.name, each.short_name, each.local_code, *each.also} - {None}
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

    Where nobody is called so it may be what a department was or will be called. What is in
    `besides` goes by its code, or as it is called wherever it is shown (归属不明, 全区). Raises
    UnknownDepartmentError where nothing fits, with the nearest names, or where several departments
    are called so, with their codes.
    """
    if asked in departments or asked in besides:
        return asked
    every = [*departments.values(), *(named({}, code) for code in besides)]
    fitting = [d.code for d in every if asked in (d.name, d.short_name)]
    fitting = fitting or [d.code for d in departments.values() if asked in d.also]
    if len(fitting) == 1:
        return fitting[0]
    wanted = f"expected a department's code, name or short name, found {asked!r}"
    if fitting:
        raise UnknownDepartmentError(
            f"{wanted}, which {len(fitting)} departments are called; name one by its code: "
            f"{', '.join(fitting)}"
        )
    if not departments:
        raise UnknownDepartmentError(f"{wanted}; no department is known yet, run yueqingling pull")
    called_by = {
        text: d for d in departments.values() for text in (d.code, d.name, d.short_name, *d.also)
    }
    close = get_close_matches(asked, called_by, n=_NEAR, cutoff=_LIKENESS)
    parts = [text for text in called_by if asked in text]
    near = dict.fromkeys(called_by[text].short_name for text in (*close, *parts))
    names = list(near) or [d.short_name for d in departments.values()]
    more = "" if near or len(names) <= _NEAR else f" and {len(names) - _NEAR} more"
    hint = "near it" if near else "there are"
    raise UnknownDepartmentError(f"{wanted}; {hint}: {', '.join(names[:_NEAR])}{more}")
