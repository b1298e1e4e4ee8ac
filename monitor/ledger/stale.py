"""Stale (待重算): which departments' statements are to be made anew, and from which month on.

A statement counts its month and all before it, so what changes in a month concerns that month's and
all later ones of the department; the district's follow from its departments'.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.config import Settings
from monitor.ledger.freshness import close_at
from monitor.ledger.looks import Look
from monitor.workdays import Month

FROM_THE_FIRST, FROM_NONE = "", "9999-12"


@dataclass(slots=True)
class Stale:
    """Departments with the first month (2022-01) of those that are to be made anew.

    `everyone` gives the departments that have statements or may have.
    """

    everyone: Callable[[], Iterable[str]]
    since: dict[str, str] = field(default_factory=dict)
    is_all: bool = False

    def add(self, department: str, month: str) -> None:
        """Make one department's anew from a month on."""
        before = self.since.get(department)
        self.since[department] = month if before is None else min(before, month)

    def add_with(self, department: str, other: str) -> None:
        """Make another's anew, too, where the department's are."""
        if department in self.since:
            self.add(other, self.since[department])

    def add_all(self, month: str) -> None:
        """Make every department's anew from a month on."""
        self.is_all = True
        for department in self.everyone():
            self.add(department, month)

    @property
    def departments(self) -> list[str] | None:
        """The departments; None where it is all of them."""
        return None if self.is_all else sorted(self.since)

    @property
    def first(self) -> str:
        """The earliest month that any of them is made anew from."""
        return min(self.since.values(), default=FROM_NONE)

    @property
    def is_everything(self) -> bool:
        """Whether every statement is made anew: then the district's are, too."""
        return self.is_all and self.first == FROM_THE_FIRST

    def holds(self, department: str, month: str) -> bool:
        """Whether a statement is to be made anew."""
        since = self.since.get(department)
        return since is not None and since <= month


def compare(
    stale: Stale, before: Look, now: Look, months: Sequence[Month], settings: Settings
) -> None:
    """Add what follows from what concerns all: another span of months, seals, sources unread."""
    if now.months[0] < before.months[0]:
        stale.add_all(FROM_THE_FIRST)
    if now.months[1] > before.months[1]:
        stale.add_all(str(Month.parse(before.months[1]).shift(1)))
    if any(before.otherwise_handed(now.handed)):
        stale.add_all(FROM_THE_FIRST)
    if resealed := {*now.sealed} ^ {*before.sealed}:
        stale.add_all(min(resealed))
    told = {_key(each): each for each in (*before.unread, *now.unread)}
    for key in {_key(each) for each in before.unread} ^ {_key(each) for each in now.unread}:
        _add_unread(stale, told[key], months, settings)


def _key(unread: Any) -> str:
    return repr(unread)


def _add_unread(stale: Stale, unread: Any, months: Sequence[Month], settings: Settings) -> None:
    """What a source feeds isn't measured in the months that close after it was last read."""
    _source, last_read, cells = unread
    since = FROM_THE_FIRST
    if last_read is not None:
        at = datetime.fromisoformat(last_read)
        closing = [str(month) for month in months if close_at(month, settings) > at]
        if not closing:
            return
        since = closing[0]
    for department in sorted({department for department, _cell in cells}):
        if department:
            stale.add(department, since)
        else:
            stale.add_all(since)
