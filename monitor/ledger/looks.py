"""Looks (统计): as of when the statements hold, and what concerned all of them then.

A look brings the statements up to an instant. What a single unit or department is made from is
found by queues and comparisons; what concerns all of them is kept here and compared as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import sqlalchemy as sa

from monitor.config import Settings
from monitor.store.tables import delivery_columns, department, look, rule
from monitor.store.types import canonical
from monitor.workdays import local_day

_NO_FIGURE = frozenset({"name", "short_name", "successors", *delivery_columns()})
"""What a department is called, and whence its entry came, concerns no figure; who follows it is
compared apart (`Look.handed`)."""
_DIRECTORY = (
    sa.select(*(column for column in department.columns if column.name not in _NO_FIGURE))
    .where(department.c.deleted_at.is_(None))
    .order_by(department.c.id)
)
_RULES = sa.select(
    rule.c.number, rule.c["class"], rule.c.severity, rule.c.active, rule.c.version
).order_by(rule.c.number)
_RECKONING = 1
"""Raised where the same rows come to other figures than before: then all are made anew once."""
_LAST = sa.select(look).order_by(look.c.number.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class Look:
    """One look; the next one has the next number.

    `months` are the first and the last that have statements, `unread` the sources that were not
    read in time, `handed` by department that ended what its handovers are.
    """

    number: int
    as_of: datetime
    basis: str
    months: tuple[str, str]
    sealed: tuple[str, ...]
    unread: tuple[Any, ...]
    handed: Mapping[str, str]

    def precedes(self, now: datetime, basis: str) -> bool:
        """Whether a look at `now` can go on from this one, for what changed since."""
        return self.basis == basis and local_day(self.as_of) <= local_day(now)

    def otherwise_handed(self, handed: Mapping[str, str]) -> Sequence[str]:
        """The departments whose handovers were others than they are."""
        return sorted(
            code for code in {*self.handed, *handed} if self.handed.get(code) != handed.get(code)
        )


def last(connection: sa.Connection) -> Look | None:
    """The last look; None where there was none."""
    row = connection.execute(_LAST).one_or_none()
    if row is None:
        return None
    made_from = row.made_from
    return Look(
        number=row.number,
        as_of=row.as_of,
        basis=made_from["basis"],
        months=(made_from["months"][0], made_from["months"][1]),
        sealed=tuple(made_from["sealed"]),
        unread=tuple(made_from["unread"]),
        handed=made_from.get("handed", {}),
    )


def at(connection: sa.Connection, instant: datetime | None) -> tuple[int, datetime] | None:
    """The number of the look that held at an instant, and as of when its statements are.

    The last one where no instant is given; None where none was made before.
    """
    query = sa.select(look.c.number, look.c.as_of)
    if instant is not None:
        query = query.where(look.c.at <= instant).order_by(look.c.at.desc())
    row = connection.execute(query.order_by(look.c.number.desc()).limit(1)).one_or_none()
    return None if row is None else (row.number, row.as_of)


def first_at(connection: sa.Connection) -> datetime | None:
    """The earliest instant of which it is known what was said; None where nothing was."""
    found: datetime | None = connection.scalar(sa.select(sa.func.min(look.c.at)))
    return found


def follow(connection: sa.Connection, now: datetime) -> int | None:
    """Note that a person changed what statements say since the last look; gives its number.

    They are as of when they were. None where there was no look.
    """
    before = last(connection)
    if before is None:
        return None
    keep(connection, replace(before, number=before.number + 1), now)
    return before.number + 1


def keep(connection: sa.Connection, made: Look, now: datetime) -> None:
    """Remember the look, made at `now`, as the last one; of those before only when they were."""
    earlier = sa.update(look).where(look.c.made_from.is_not(None))
    connection.execute(earlier.values(made_from=sa.null()))
    connection.execute(
        sa.insert(look).values(
            number=made.number,
            at=now,
            as_of=made.as_of,
            made_from={
                "basis": made.basis,
                "months": [*made.months],
                "sealed": [*made.sealed],
                "unread": [*made.unread],
                "handed": {**made.handed},
            },
        )
    )


def basis(connection: sa.Connection, settings: Settings) -> str:
    """A digest of what every unit may depend on: settings, calendar, rules and directory."""
    told = [
        _RECKONING,
        settings.month_zero.model_dump(mode="json"),
        settings.calendar.model_dump(mode="json"),
        version("holidays"),
        *(
            [[str(cell) for cell in row] for row in connection.execute(q)]
            for q in (_DIRECTORY, _RULES)
        ),
    ]
    return sha256(canonical(told).encode()).hexdigest()
