"""The cursor: at which value of its column a reading begins, and how far it has come.

Times count by the clock: reading begins `overlap` before the cursor, and a time that is yet to come
doesn't move it. Numbers and other text count by rows: reading begins `overlap_rows` rows before it.
Everything here is a function of values; the clock is handed in.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from monitor.errors import SourceError
from monitor.workdays import ZONE, local_day

Value = datetime | date | int | float | Decimal | UUID | str
"""A value of a cursor's column where it has one."""

Family = Literal["instants", "times", "days", "times as text", "numbers", "identifiers", "text"]
"""Values that can be compared with one another; `times` have no zone and are China's."""

_TIMES = frozenset({"instants", "times", "days", "times as text"})
_FORMS = (
    (re.compile(r"[1-9]\d{3}-\d\d-\d\d[ T]\d\d:\d\d:\d\d"), "%Y-%m-%d{}%H:%M:%S"),
    (re.compile(r"[1-9]\d{3}/\d\d/\d\d[ T]\d\d:\d\d:\d\d"), "%Y/%m/%d{}%H:%M:%S"),
    (re.compile(r"[1-9]\d{3}-\d\d-\d\d[ T]\d\d:\d\d(?!:)"), "%Y-%m-%d{}%H:%M"),
    (re.compile(r"[1-9]\d{3}/\d\d/\d\d[ T]\d\d:\d\d(?!:)"), "%Y/%m/%d{}%H:%M"),
    (re.compile(r"[1-9]\d{3}-\d\d-\d\d$"), "%Y-%m-%d"),
    (re.compile(r"[1-9]\d{3}/\d\d/\d\d$"), "%Y/%m/%d"),
    (re.compile(r"(?:19|20|21)\d{12}$"), "%Y%m%d%H%M%S"),
)
"""Times as text that sorts as they do: what it begins with, and how that is written."""
_UNPADDED = re.compile(r"\d{4}(?:[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)|年\d{1,2}月)")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings and whoever pulls say of a reading; without `now` no time is to come."""

    column: str
    overlap: timedelta
    overlap_rows: int
    now: datetime | None = None
    since: date | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a reading begins: `rows_back` rows before `lower`, or at the first of all rows.

    `known` is the stored cursor, as far as it still counts.
    """

    lower: Value | None = None
    rows_back: int = 0
    known: Value | None = None
    remarks: tuple[str, ...] = ()


def beginning(greatest: Any, stored: Value | None, rules: Rules) -> Beginning:
    """Where to begin, by the column's greatest value now and the cursor that was stored.

    Raises SourceError for a column whose values don't grow in the database's order.
    """
    if greatest is None:
        return Beginning(known=stored)
    family = _required_family(greatest, rules.column)
    remarks = _remarks_on_future(greatest, rules)
    if stored is not None and (change := _change(greatest, stored, rules)):
        return Beginning(remarks=(*remarks, f"{change}: everything was read again"))
    if rules.everything:
        return Beginning(known=stored, remarks=remarks)
    if family in _TIMES:
        begins = [] if stored is None else [_earlier(stored, rules.overlap)]
        if rules.since is not None:
            begins.append(_at(rules.since, greatest))
        # never after the cursor: what lies between would be passed over for good
        return Beginning(min(begins, default=None), 0, stored, remarks)
    if rules.since is not None:
        remark = f"{rules.column} holds {family}, which name no day: everything was read again"
        return Beginning(known=stored, remarks=(*remarks, remark))
    return Beginning(stored, rules.overlap_rows, stored, remarks)


@dataclass(slots=True)
class Progress:
    """How far a reading has come, told from its rows in the database's order.

    Until it has passed the cursor of the last reading, that one holds. What comes later in text is
    the database's to say, so there the last reading's value, or the end, is waited for.
    """

    greatest: Any
    known: Value | None
    now: datetime | None
    _passed: bool = field(default=False, init=False)
    _last: Value | None = field(default=None, init=False)

    def advance(self, values: Sequence[Any]) -> None:
        """Take note of the cursor's values of the rows that came next."""
        last = next((value for value in reversed(values) if self._counts(value)), None)
        if last is None:
            return
        self._last = last
        if self.known is None or self._passed:
            return
        is_text = _family(last) == "text"
        self._passed = self.known in values if is_text else last >= self.known

    def reached(self) -> Value | None:
        """What the cursor is to be once these rows have landed; None where it stays."""
        return self._last if self.known is None or self._passed else None

    def ended(self) -> Value | None:
        """What the cursor is to be after the last row; None where it stays."""
        if self._last is not None and _family(self._last) == "text":
            return self._last
        return self.reached()

    def _counts(self, value: Any) -> bool:
        """Whether the value moves the cursor: MySQL's 0000-00-00 among times doesn't."""
        if self.greatest is None or _family(value) != _family(self.greatest):
            return False
        return self.now is None or not _is_after(value, self.now)


def written(value: Value) -> str:
    """The value with its type, so that it is bound as what it was."""
    if isinstance(value, datetime | date):
        return json.dumps({type(value).__name__: value.isoformat()})
    if isinstance(value, Decimal | UUID):
        return json.dumps({type(value).__name__: str(value)})
    return json.dumps({"plain": value}, ensure_ascii=False)


def read(text: str | None) -> Value | None:
    """What `written` wrote."""
    if text is None:
        return None
    kind: str
    value: Any
    ((kind, value),) = json.loads(text).items()
    types: dict[str, Callable[[str], Value]] = {
        "datetime": datetime.fromisoformat,
        "date": date.fromisoformat,
        "Decimal": Decimal,
        "UUID": UUID,
    }
    found: Value = types[kind](value) if kind in types else value
    return found


def _required_family(value: Any, column: str) -> Family:
    family = _family(value)
    if family is None:
        raise SourceError(
            f"cursor {column}: expected times, numbers or text that grow, "
            f"found {type(value).__name__}"
        )
    if family == "text" and _UNPADDED.match(value):
        raise SourceError(
            f"cursor {column}: expected times in a form that sorts as they do "
            f'(2022-01-05 09:00:00), found "{value[:20]}": make a query that writes them so'
        )
    return family


def _family(value: Any) -> Family | None:
    match value:
        case datetime():
            return "times" if value.tzinfo is None else "instants"
        case date():
            return "days"
        case bool():
            return None
        case int() | float() | Decimal():
            return "numbers"
        case UUID():
            return "identifiers"
        case str():
            return "text" if _form(value) is None else "times as text"
        case _:
            return None


def _form(text: str) -> tuple[str, datetime] | None:
    """The time that the text begins with, and how it is written."""
    for pattern, form in _FORMS:
        if found := pattern.match(text):
            written_so = form.format(text[10:11])
            try:
                moment = datetime.strptime(found[0], written_so).replace(tzinfo=ZONE)
            except ValueError:
                return None
            return written_so, moment
    return None


def _change(greatest: Any, stored: Any, rules: Rules) -> str | None:
    """What makes the stored cursor worthless, if anything does."""
    now, before = _family(greatest), _family(stored)
    if now != before:
        return f"{rules.column} holds {now} now and held {before} when it was last read"
    if greatest >= (_earlier(stored, rules.overlap) if now in _TIMES else stored):
        return None
    shown = "" if now == "text" else f" ({greatest} after {stored})"
    return (
        f"the greatest {rules.column} is less than where the last pull ended{shown}, so rows are "
        "gone or it began anew"
    )


def _remarks_on_future(greatest: Any, rules: Rules) -> tuple[str, ...]:
    if rules.now is None or not _is_after(greatest, rules.now + _DAY):
        return ()
    return (
        f"{rules.column} reaches into the future ({greatest}): "
        "rows from there are read each time until then",
    )


def _is_after(value: Any, now: datetime) -> bool:
    """Whether the value is a time after `now`."""
    local = now.astimezone(ZONE)
    match value:
        case datetime():
            return value > (local.replace(tzinfo=None) if value.tzinfo is None else now)
        case date():
            return value > local_day(now)
        case str() if form := _form(value):
            return form[1] > local
        case _:
            return False


def _earlier(value: Any, overlap: timedelta) -> Any:
    """The time `overlap` before `value`, in the form of `value`; days go back by one at least."""
    try:
        match value:
            case datetime():
                return value - overlap
            case date():
                return value - max(overlap, _DAY)
            case str() if form := _form(value):
                has_clock = "%H" in form[0]
                return (form[1] - (overlap if has_clock else max(overlap, _DAY))).strftime(form[0])
    except OverflowError:
        return value  # there is nothing before the first of all days
    return value


def _at(day: date, like: Any) -> Any:
    """The day's beginning in China as a value like `like`."""
    match like:
        case datetime():
            begin = datetime.combine(day, time(), tzinfo=ZONE)
            return begin.replace(tzinfo=None) if like.tzinfo is None else begin
        case str() if form := _form(like):
            return datetime.combine(day, time(), tzinfo=ZONE).strftime(form[0])
        case _:
            return day
