"""What a message says: channel-neutral, in Chinese, one for each department and step.

A message names departments, counts and action codes (业务编号). It never holds a person's or an
enterprise's name, nor an identity code.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from monitor.directory import Department
from monitor.ledger.figures import percent
from monitor.ledger.zero_reports import Contradiction
from monitor.notify.disclosure import without_identity_codes
from monitor.notify.ladder import Step
from monitor.notify.standings import Account, Remaining, Unit
from monitor.words import Kind, MonthState
from monitor.workdays import ZONE, Calendar, Month, local_day

SHOWN_DEPARTMENTS = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A label and what it says."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message, as every channel gets it.

    `head` is its one-line summary; `entries` a list under `entries_title`, of which `more` entries
    of unit `counter` aren't shown; `note` a reservation about the data; `link` where to see more.
    """

    head: str
    lines: tuple[Line, ...] = ()
    entries_title: str = ""
    entries: tuple[str, ...] = ()
    more: int = 0
    counter: str = "项"
    note: str | None = None
    link: str | None = None

    @property
    def rest(self) -> str:
        """What is said of the entries that aren't shown; empty where all are."""
        return f"另有 {self.more} {self.counter}" if self.more else ""

    @property
    def text(self) -> str:
        """The whole message as plain text, one thing a line."""
        parts = [self.head, *(f"{line.label}：{line.text}" for line in self.lines)]
        if self.entries:
            parts += [f"{self.entries_title}：", *(f"· {entry}" for entry in self.entries)]
        parts += [part for part in (self.rest, self.note, self.link) if part]
        return "\n".join(parts)

    def document(self) -> dict[str, Any]:
        """The message as JSON values, for the store."""
        return asdict(self)


_ADAPTER = TypeAdapter(Message)


def from_document(document: Any) -> Message:
    """The message that `document()` gave."""
    return _ADAPTER.validate_python(document)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What texts need besides the statement."""

    now: datetime
    calendar: Calendar
    office: str
    board_url: str | None


def for_department(
    step: Step,
    account: Account,
    department: Department,
    remaining: Remaining,
    data_until: datetime | None,
    around: Surroundings,
) -> Message:
    """The message of `step` to or about one department."""
    standing = account.standing
    note = _stale(account.not_measured, data_until)
    if step is Step.THANKS:
        late = standing.current_state is MonthState.CLEARED_LATE
        state = standing.current_state.zh
        unproven = "" if account.expected_measured else "（应录未核）"
        thanks = "该月清零事项现已办结。" if late else "感谢按时完成。"
        return Message(
            head=f"【{step.zh}】{department.name} {_month(standing.month)}{state}{unproven}",
            lines=(Line("说明", thanks),),
            link=around.board_url,
        )
    lines = [*_reasons(remaining), *_times(account, remaining, around)]
    if standing.silent:
        lines.append(Line("零报送", "当月无监管行为记录，也未见零报告；请补录，或提交零报告"))
    return Message(
        head=f"【{step.zh}】{department.name} {_month(standing.month)}{_situation(step, account)}",
        lines=tuple(lines),
        entries_title="最早的编号",
        entries=tuple(_shown(unit, department.code) for unit in remaining.oldest),
        more=max(0, remaining.count - len(remaining.oldest)),
        note=note,
        link=around.board_url,
    )


def _situation(step: Step, account: Account) -> str:
    standing = account.standing
    left = f"{standing.backlog} 项" if standing.backlog else "零报送"
    match step:
        case Step.POINT_TO_POINT:
            return f"：已连续 {standing.not_cleared_in_a_row} 个月未清零，现有 {left}待处理"
        case Step.NUDGE:
            return f"：有 {standing.late} 项已超期"
        case Step.ANNOUNCEMENT:
            return f"未清零：{left}待处理"
        case Step.WEEKLY:
            return f"仍未清零：{left}待处理"
        case _:
            return f"月清零：{left}待处理"


def _reasons(remaining: Remaining) -> Iterable[Line]:
    if remaining.by_reason:
        counts = (f"{reason.zh} {count} 项" for reason, count in remaining.by_reason.items())
        yield Line("待处理", "，".join(counts))


def _times(account: Account, remaining: Remaining, around: Surroundings) -> Iterable[Line]:
    standing = account.standing
    parts = [("已超期", standing.overdue), ("往月结转", account.carried)]
    counted = [f"{name} {count} 项" for name, count in parts if count]
    if counted:
        yield Line("其中", "，".join(counted))
    if remaining.oldest_due_at is not None:
        yield Line("最早一项", _age(remaining.oldest_due_at, around.now))
    yield Line("清零时点", _deadline(standing.close_day, around))


def _age(due_at: datetime, now: datetime) -> str:
    due = local_day(due_at - timedelta(microseconds=1))
    days = (local_day(now) - due).days
    return f"已超期 {days} 天" if days > 0 else f"{_day(due)}到期"


def _deadline(close_day: date, around: Surroundings) -> str:
    left = around.calendar.between(local_day(around.now), close_day)
    if local_day(around.now) == close_day:
        distance = "今天"
    elif left > 0:
        distance = f"还有 {left} 个工作日"
    else:
        distance = "已过"
    return f"{_day(close_day)} 24:00（{distance}）"


def _shown(unit: Unit, department: str) -> str:
    if unit.withheld:
        return f"{unit.kind.zh}（编号含当事人信息，不显示）"
    if unit.code is None:
        return f"{unit.kind.zh}（无编号）"
    code = without_identity_codes(" ".join(unit.code.split()), department)
    return f"{unit.kind.zh} {code}" if code else f"{unit.kind.zh}（编号含当事人信息，不显示）"


def _stale(not_measured: Sequence[str], data_until: datetime | None) -> str | None:
    if not not_measured:
        return None
    cells = "、".join(_cell(cell) for cell in not_measured)
    if data_until is None:
        return f"{cells}数据尚未读到，以上数字不含这部分"
    until = data_until.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
    return f"数据截至 {until}（{cells}未能更新）"


def _cell(cell: str) -> str:
    feed, _, kind = cell.rpartition(":")
    name = Kind(kind).zh if kind in set(Kind) else kind
    return f"{name}应录清单" if feed == "expected" else name


def for_district(
    step: Step,
    district: Account,
    accounts: Sequence[Account],
    names: Mapping[str, Department],
    contradicted: Sequence[Contradiction],
    data_until: datetime | None,
    around: Surroundings,
) -> Message:
    """The weekly scan or the monthly bulletin, for the office.

    `accounts` are the departments' of the same month; those out of scope don't count.
    """
    scoped = [account for account in accounts if account.standing.in_scope]
    lines = [*_states(scoped), *_district_lines(district, around)]
    if contradicted:
        named = [
            f"{names[each.department].name} {_month(each.month)}（{each.obligations} 项应录）"
            for each in contradicted
            if each.department in names
        ]
        lines.append(Line("零报告与记录不符", "，".join(named)))
    if step is Step.SCAN:
        listed = [account for account in scoped if account.standing.late]
        listed.sort(key=lambda account: -account.standing.late)
        entries = [f"{names[a.key[0]].name} {a.standing.late} 项" for a in listed]
        title = "有超期的部门"
    else:
        listed = [a for a in scoped if a.standing.remains]
        listed.sort(key=lambda account: -account.standing.backlog)
        entries = [f"{names[a.key[0]].name} {_left(a)}" for a in listed]
        title = "现未清零的部门"
    return Message(
        head=f"【{step.zh}】{around.office} {_month(district.standing.month)}月清零情况",
        lines=tuple(lines),
        entries_title=title,
        entries=tuple(entries[:SHOWN_DEPARTMENTS]),
        more=max(0, len(entries) - SHOWN_DEPARTMENTS),
        counter="个部门",
        note=_stale(district.not_measured, data_until),
        link=around.board_url,
    )


def _left(account: Account) -> str:
    row = account.standing.not_cleared_in_a_row
    left = f"{account.standing.backlog} 项" if account.standing.backlog else "零报送"
    return f"{left}（连续 {row} 个月）" if row > 1 else left


def _states(accounts: Sequence[Account]) -> Iterable[Line]:
    """How many departments stand where; once sealed, as sealed and as they stand now."""
    now = _counted([a.standing.current_state for a in accounts])
    sealed = _counted([a.standing.sealed_state for a in accounts if a.standing.sealed_state])
    if not sealed:
        return [Line("部门", now)] if now else []
    return [Line("封存时", sealed), *([Line("现在", now)] if now != sealed else [])]


def _counted(states: Sequence[MonthState]) -> str:
    counted = [(state, states.count(state)) for state in MonthState if state in states]
    return "，".join(f"{state.zh} {count} 个" for state, count in counted)


def _district_lines(district: Account, around: Surroundings) -> Iterable[Line]:
    standing = district.standing
    parts = [
        ("未清零", standing.backlog),
        ("已超期", standing.overdue),
        ("往月结转", district.carried),
        ("待审", district.pending),
    ]
    counted = [f"{name} {count} 项" for name, count in parts if count]
    yield Line("全区", "，".join(counted) or ("无待处理" if standing.measured else "—"))
    for name, title in (("zero_ratio", "月清零率"), ("timely_ratio", "及时率")):
        figure = district.figures.get(name)
        share = percent(figure["numerator"], figure["denominator"]) if figure else None
        if figure and share is not None:
            ratio = f"{figure['numerator']}/{figure['denominator']}"
            yield Line(title, f"{share}%（{ratio}）")
    yield Line("清零时点", _deadline(standing.close_day, around))


def _month(month: Month) -> str:
    return f"{month.year}年{month.number}月"


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
