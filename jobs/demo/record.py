"""One behaviour of the demonstration while it is being made."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from jobs.demo.district import Department, Item
from monitor.words import Kind, Status

Value = str | date | datetime | bool | Decimal | tuple[str, ...] | None
Cell = str | int | None

SOURCE_OF = {
    Kind.CHECK: "platform-check",
    Kind.PUNISH: "exchange-punish",
    Kind.FORCE: "exchange-force",
    Kind.OTHER: "platform-other",
}
EXCHANGED = (Kind.PUNISH, Kind.FORCE)
"""Kinds that come through the front-end database; the others come as workbooks."""


@dataclass(slots=True, eq=False)
class Record:
    """What happened (`values`, by column) and what is delivered instead (`written`, by column).

    `parent` is the check that it followed from, `extra` says that it isn't the first act that did;
    `referred` counts the records that name this one as their check. A `touched` record has its one
    peculiarity and gets no other. `first_written` are cells (by exchange column) of an earlier row.
    """

    kind: Kind
    record_id: str
    department: Department
    item: Item
    values: dict[str, Value]
    status: Status
    status_at: datetime
    parent: "Record | None" = None
    extra: bool = False
    referred: int = 0
    touched: bool = False
    late_copy: bool = False
    withdrawn: bool = False
    never_inserted: bool = False
    first_written: dict[str, Cell] = field(default_factory=dict)
    written: dict[str, Cell] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """Name of the source that delivers it."""
        return SOURCE_OF[self.kind]

    @property
    def occurred_on(self) -> date:
        """The day on which it happened, however it was written."""
        day = self.values["occurred_on"]
        if not isinstance(day, date):
            raise TypeError(f"{self.record_id}: occurred_on is {day!r}")
        return day

    @property
    def submitted_at(self) -> datetime | None:
        """When it was submitted, however that was written."""
        instant = self.values["submitted_at"]
        return instant if isinstance(instant, datetime) else None

    @property
    def action_code(self) -> str:
        """Its business code, however it was written."""
        return str(self.values["action_code"])

    @property
    def stand_in_day(self) -> date | None:
        """The day that counts where that of the act can't be: the case's, else of submission."""
        if self.kind is Kind.PUNISH and self.department.feeds_cases:
            return self.occurred_on
        return self.submitted_at.date() if self.submitted_at else None

    @property
    def can_leave(self) -> bool:
        """Whether every check still has its act, and every act its check, without this record."""
        return not self.referred and (self.parent is None or self.extra)
