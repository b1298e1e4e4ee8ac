"""Succession (机构承接): who answers for what a department leaves behind when it ends (机构改革).

A department ends on the last day of its last entry in the directory, where that names successors.
From the next day on they answer for its units: with one successor that one; with several the one
that owns the unit's item on that day, else the first named. What belongs to a month that was over
by then stays in that month's statements with the old department, and is carried by the successor.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from monitor import directory
from monitor.directory import Department, Directory
from monitor.ledger.days import within
from monitor.store import bulk
from monitor.store.tables import item
from monitor.workdays import Month

Takers = Mapping[str, str]
"""By department that was split, the successor that owns an item."""


EVER = "9999-99"
"""After all months."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A department answers for nothing from `on` on; its successors do, the first named first."""

    on: date
    successors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heir:
    """A department that takes units over, from `on` on."""

    on: date
    department: str


@dataclass(frozen=True, slots=True)
class Succession:
    """The departments that end, and what is wrong with how the directory says so."""

    endings: Mapping[str, Ending]
    faults: tuple[str, ...]

    def ended(self, today: date) -> Mapping[str, Ending]:
        """The departments that others answer for on `today`."""
        return {code: ending for code, ending in self.endings.items() if ending.on <= today}

    def path(self, code: str, today: date, takers: Takers | None = None) -> tuple[Heir, ...]:
        """Who took the units of `code` over up to `today`, one after another."""
        heirs: list[Heir] = []
        while (ending := self.endings.get(code)) is not None and ending.on <= today:
            code = (takers or {}).get(code, ending.successors[0])
            on = max(ending.on, heirs[-1].on) if heirs else ending.on
            heirs.append(Heir(on, code))
        return tuple(heirs)

    def heir(self, code: str, today: date) -> str:
        """The department that answers for `code` on `today`: itself, or its (first) successor."""
        heirs = self.path(code, today)
        return heirs[-1].department if heirs else code

    def followers(self, code: str, today: date) -> Mapping[str, date]:
        """Every department that may have taken something over from `code`, and from when on."""
        ended = self.ended(today)
        found: dict[str, date] = {}
        left = [(code, date.min)]
        while left:
            each, since = left.pop()
            if (ending := ended.get(each)) is not None:
                since = max(since, ending.on)
                new = [name for name in ending.successors if since < found.get(name, date.max)]
                found |= dict.fromkeys(new, since)
                left += [(name, since) for name in new]
        return found

    def way(self, code: str, heir: str, today: date) -> tuple[tuple[str, ...], date]:
        """The departments by which units may come from `code` to `heir`, and since when.

        That of units without an item goes before others. Raises KeyError where there is none.
        """
        path = self.path(code, today)
        passed = [each.department for each in path]
        if heir in passed:
            place = passed.index(heir)
            return (code, *passed[:place]), path[place].on
        ended = self.ended(today)
        ways: dict[str, tuple[str, ...]] = {code: (code,)}
        left = [code]
        while left:
            each = left.pop(0)
            for name in ended[each].successors if each in ended else ():
                if name not in ways:
                    ways[name] = (*ways[each], name)
                    left.append(name)
        return ways[heir][:-1], self.followers(code, today)[heir]

    def lines(self, today: date) -> frozenset[tuple[str, str]]:
        """The departments that ended up to `today`, each with every one that may have followed."""
        return frozenset(
            (code, heir) for code in self.endings for heir in self.followers(code, today)
        )

    def predecessors(self, today: date) -> Mapping[str, Sequence[tuple[str, str]]]:
        """By department, those that it may have taken something over from, each with the first
        statement month in which that is so."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for code in self.ended(today):
            for heir, since in self.followers(code, today).items():
                found[heir].append((code, str(Month.of(since))))
        return found


def of(directory: Directory) -> Succession:
    """What the directory's entries say of departments that end.

    A successor that nobody can tell is left out, and departments that would follow each other in a
    circle follow nobody: both are faults.
    """
    called = _called(directory)
    endings: dict[str, Ending] = {}
    faults: list[str] = []
    for code, dated in directory.entries.items():
        last = dated[-1]
        faults += _misplaced(code, dated)
        if not last.successors or last.in_scope_to is None:
            continue
        found = [_meant(name, code, called, directory) for name in last.successors]
        known = tuple(dict.fromkeys(name for name in found if name is not None))
        faults += [
            f"department {code}: expected successors (承接部门) that the directory has, each by a "
            f"code or a name of its own; number {place} of {len(found)} is none and is left out"
            for place, name in enumerate(found, 1)
            if name is None
        ]
        if known:
            endings[code] = Ending(last.in_scope_to + timedelta(days=1), known)
    circle = sorted(code for code in endings if _returns(code, endings))
    if circle:
        faults.append(
            f"departments {', '.join(circle)}: expected successors (承接部门) that come to an end, "
            "found a circle; none of them follows another"
        )
    left = {code: ending for code, ending in endings.items() if code not in circle}
    return Succession(left, tuple(faults))


def read(connection: sa.Connection) -> Succession:
    """What the directory says of departments that end."""
    return of(directory.whole(connection))


def takers(connection: sa.Connection, ended: Mapping[str, Ending]) -> Mapping[str, Takers]:
    """By item code, which successor of each department that was split owned it on that day.

    An item that several of them own tells nothing.
    """
    found: dict[str, dict[str, str]] = {}
    for code, ending in ended.items():
        if len(ending.successors) == 1:
            continue
        query = (
            sa.select(item.c.item_code, sa.func.min(item.c.department))
            .where(
                item.c.deleted_at.is_(None),
                within(sa.literal(ending.on), item.c.in_use_from, item.c.in_use_to),
                bulk.one_of(connection, item.c.department, ending.successors),
            )
            .group_by(item.c.item_code)
            .having(sa.func.count(item.c.department.distinct()) == 1)
        )
        for item_code, taker in connection.execute(query):
            found.setdefault(item_code, {})[code] = taker
    return found


def written(heirs: Sequence[Heir]) -> str | None:
    """Heirs as units keep them: `2022-07:CODE;2023-01:CODE`; None where there are none.

    Of several of one month the last holds.
    """
    by_month = {str(Month.of(heir.on)): heir.department for heir in heirs}
    return ";".join(f"{month}:{code}" for month, code in by_month.items()) or None


def parsed(heirs: str | None) -> Sequence[tuple[str, str]]:
    """The months from which on departments answer for units, and these, in order."""
    return [(part[:7], part[8:]) for part in heirs.split(";")] if heirs else []


def owner_in(
    units: sa.FromClause, month: sa.ColumnElement[str], paths: Sequence[str]
) -> sa.ColumnElement[str]:
    """Who answers in a statement month for units that have `department` and `heirs`.

    `paths` are the heirs that there are.
    """
    cases = [
        (sa.and_(units.c.heirs == heirs, month >= since), sa.literal(code))
        for heirs in paths
        for since, code in reversed(parsed(heirs))
    ]
    return sa.case(*cases, else_=units.c.department) if cases else units.c.department


def owner_before(events: sa.FromClause, paths: Sequence[str]) -> sa.ColumnElement[str]:
    """Who answered for units, that have `department` and `from_heirs`, until they were handed over.

    `paths` are the heirs that there were.
    """
    cases = [(events.c.from_heirs == heirs, sa.literal(parsed(heirs)[-1][1])) for heirs in paths]
    return sa.case(*cases, else_=events.c.department) if cases else events.c.department


def paths(connection: sa.Connection, units: sa.Table) -> Sequence[str]:
    """The heirs that units of a table have."""
    heirs = units.c.heirs
    return connection.scalars(sa.select(heirs).where(heirs.is_not(None)).distinct()).all()


def _called(directory: Directory) -> Mapping[str, frozenset[str]]:
    """The codes of the departments that are called so at any time."""
    called: dict[str, set[str]] = defaultdict(set)
    for code, dated in directory.entries.items():
        for each in dated:
            for name in (each.name, each.short_name, each.local_code):
                if name is not None:
                    called[name].add(code)
    return {name: frozenset(codes) for name, codes in called.items()}


def _meant(
    name: str, ending: str, called: Mapping[str, frozenset[str]], directory: Directory
) -> str | None:
    """The code of the successor that is meant; one that took the old name over may be, too."""
    codes = {name} if name in directory else called.get(name, frozenset())
    others = codes - {ending}
    return next(iter(others)) if len(others) == 1 else None


def spans(department: str, heirs: str) -> Iterator[tuple[str, str, str]]:
    """Who answers for units of a department: each with the span of statement months."""
    steps = [("", department), *parsed(heirs)]
    for (since, code), following in zip(steps, [*steps[1:], None], strict=True):
        yield code, since, following[0] if following else EVER


def _misplaced(code: str, dated: Sequence[Department]) -> Iterator[str]:
    if any(each.successors for each in dated[:-1]):
        yield (
            f"department {code}: expected successors (承接部门) with its last entry, found them "
            "with one that another follows; it goes on"
        )
    if dated[-1].successors and dated[-1].in_scope_to is None:
        yield (
            f"department {code}: expected the last day (退出日期) of a department that has "
            "successors (承接部门), found none; it goes on"
        )


def _returns(code: str, endings: Mapping[str, Ending]) -> bool:
    """Whether one of the ways from a department leads back to it."""
    left, seen = list(endings[code].successors), set[str]()
    while left:
        following = left.pop()
        if following == code:
            return True
        if following in endings and following not in seen:
            seen.add(following)
            left += endings[following].successors
    return False
