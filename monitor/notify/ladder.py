"""The ladder of reminders (督办阶梯): which message is due, for whom, and why not the others.

Pure: a statement's standing, what was planned before, and the clock go in; one decision for each
step comes out, with a named reason, also where nothing is sent. Steps are counted in working days
from the close day (清零时点).

Of the months only the latest closed one and the open ones have decisions: a statement counts what
earlier months left (carried), so the latest closed month speaks for those before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from monitor.config import Audience
from monitor.words import DISTRICT, UNKNOWN_DEPARTMENT, MonthState, Word
from monitor.workdays import ZONE, Calendar, Month, local_day


class Step(Word):
    """A rung of the ladder, with the word that heads its message."""

    BEFORE_5 = "before_5", "提醒"
    BEFORE_3 = "before_3", "提醒"
    BEFORE_1 = "before_1", "预警"
    CLOSE_DAY = "close_day", "预警"
    ANNOUNCEMENT = "announcement", "未清零通报"
    THANKS = "thanks", "清零"
    WEEKLY = "weekly", "督促"
    POINT_TO_POINT = "point_to_point", "点对点督导"
    NUDGE = "nudge", "超期提示"
    SCAN = "scan", "周扫描"
    BULLETIN = "bulletin", "月通报"


class DecisionReason(Word):
    """Why a step is sent (the first two) or not."""

    DUE = "due", "到时"
    LATE = "late", "补发"
    NOT_DUE_YET = "not_due_yet", "未到时"
    ALREADY_SENT = "already_sent", "已发"
    SUPERSEDED = "superseded", "已有后一步"
    MONTH_CLOSED = "month_closed", "已过清零时点"
    EARLIER_MONTH_OPEN = "earlier_month_open", "上月尚未清零截止"
    AWAITING_SEAL = "awaiting_seal", "待封存"
    AWAITING_AUDIT = "awaiting_audit", "待审"
    NOTHING_REMAINS = "nothing_remains", "无未清零"
    NOTHING_OVERDUE = "nothing_overdue", "无超期"
    NOT_CLEARED = "not_cleared", "未清零"
    CLEARED = "cleared", "已清零"
    NOT_IN_A_ROW = "not_in_a_row", "未连续未清零"
    MONTH_WITHOUT_DATA = "month_without_data", "无数据"
    NOT_IN_SCOPE = "not_in_scope", "不在考核范围"
    OWNED_BY_OFFICE = "owned_by_office", "由政务办处理"
    NO_ROUTE = "no_route", "未设去向"
    QUIET_DAY = "quiet_day", "非工作日"
    QUIET_HOURS = "quiet_hours", "非工作时间"


SENDING = frozenset({DecisionReason.DUE, DecisionReason.LATE})

AUDIENCES: Mapping[Step, tuple[Audience, ...]] = {
    Step.BEFORE_5: ("clerk",),
    Step.BEFORE_3: ("clerk",),
    Step.BEFORE_1: ("clerk", "leader"),
    Step.CLOSE_DAY: ("clerk", "leader"),
    Step.ANNOUNCEMENT: ("clerk", "leader", "office", "justice"),
    Step.THANKS: ("clerk",),
    Step.WEEKLY: ("clerk", "leader"),
    Step.POINT_TO_POINT: ("leader", "office"),
    Step.NUDGE: ("clerk",),
    Step.SCAN: ("office",),
    Step.BULLETIN: ("office",),
}

REMINDERS: Mapping[Step, int] = {
    Step.BEFORE_5: -5,
    Step.BEFORE_3: -3,
    Step.BEFORE_1: -1,
    Step.CLOSE_DAY: 0,
}
"""Working days from the close day, latest last: a later one that is due supersedes the earlier."""

_OF_DISTRICT = (Step.SCAN, Step.BULLETIN)
_OF_DEPARTMENT = tuple(step for step in Step if step not in _OF_DISTRICT)
_OF_UNKNOWN = frozenset({*REMINDERS, Step.WEEKLY})
_ABOUT_REMAINS = frozenset({*_OF_UNKNOWN, Step.ANNOUNCEMENT, Step.POINT_TO_POINT})
_CLEARED = frozenset({MonthState.CLEARED_ON_TIME, MonthState.CLEARED_LATE})
_IN_A_ROW = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ladder needs to know of the statement of one department and month.

    `late` are units past their due: overdue ones of the month and those carried into it.
    `not_cleared_in_a_row` counts the closed months up to and including this one that weren't
    cleared by their close. `next_to_close` says that no earlier month is still open.
    """

    department: str
    month: Month
    close_at: datetime
    in_scope: bool
    backlog: int
    overdue: int
    late: int
    silent: bool
    sealed_state: MonthState | None
    current_state: MonthState
    measured: bool
    next_to_close: bool
    not_cleared_in_a_row: int

    @property
    def close_day(self) -> date:
        """The day at whose end the month closes."""
        return local_day(self.close_at - timedelta(microseconds=1))

    @property
    def remains(self) -> bool:
        """Whether anything is still to be done by the department."""
        return self.backlog > 0 or self.silent


def is_moot(step: Step, standing: Standing) -> bool:
    """Whether a message of `step` that waits to be sent speaks of what is settled by now."""
    if step is Step.NUDGE:
        return standing.late == 0 and standing.measured
    return step in _ABOUT_REMAINS and standing.measured and not standing.remains


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When people may be written to, and until when an announcement waits for the seal."""

    calendar: Calendar
    work_from: time
    work_until: time
    seal_grace: time

    def quiet(self, now: datetime) -> DecisionReason | None:
        """Why nobody may be written to now; None in working hours."""
        local = now.astimezone(ZONE)
        if not self.calendar.is_working(local.date()):
            return DecisionReason.QUIET_DAY
        if not self.work_from <= local.time() < self.work_until:
            return DecisionReason.QUIET_HOURS
        return None

    def week_begins(self, day: date) -> date:
        """The first working day of the week of `day`; its Monday where none is working."""
        monday = day - timedelta(days=day.weekday())
        week = (monday + timedelta(days=n) for n in range(7))
        return next((day for day in week if self.calendar.is_working(day)), monday)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a step is sent now, to whom, and why.

    `key` is the step as the outbox knows it: steps that recur carry the day they are due.
    """

    department: str
    month: Month
    step: Step
    key: str
    reason: DecisionReason
    audiences: tuple[Audience, ...] = ()

    @property
    def sends(self) -> bool:
        """Whether a message is to be planned."""
        return self.reason in SENDING


def decide(
    standing: Standing,
    log: Mapping[str, datetime],
    now: datetime,
    rhythm: Rhythm,
    reachable: frozenset[Audience],
    checked_at: datetime | None = None,
) -> tuple[Decision, ...]:
    """One decision for each step that concerns the statement.

    `log` has the keys that were planned before for this department and month, with the instant of
    planning. `reachable` are the audiences that a route exists for. `checked_at` is the last time
    that anybody looked: a weekly step whose day somebody saw is not made up for later in the week.
    """
    steps = _OF_DISTRICT if standing.department == DISTRICT else _OF_DEPARTMENT
    case = _Case(standing, log, now, rhythm, checked_at)
    return tuple(_decided(case, step, reachable) for step in steps)


def _decided(case: "_Case", step: Step, reachable: frozenset[Audience]) -> Decision:
    standing = case.standing
    due_on = case.due_on(step)
    recurs = step in {Step.WEEKLY, Step.NUDGE, Step.SCAN}
    key = f"{step}@{due_on.isoformat()}" if recurs else step.value
    audiences = tuple(a for a in _audiences(standing, step) if a in reachable)
    reason = case.reason(step, key, due_on)
    if reason in SENDING:
        reason = (
            DecisionReason.NO_ROUTE if not audiences else case.rhythm.quiet(case.now)
        ) or reason
    sent_to = audiences if reason in SENDING else ()
    return Decision(standing.department, standing.month, step, key, reason, sent_to)


def _audiences(standing: Standing, step: Step) -> tuple[Audience, ...]:
    return ("office",) if standing.department == UNKNOWN_DEPARTMENT else AUDIENCES[step]


@dataclass(frozen=True, slots=True)
class _Case:
    """One statement at one moment."""

    standing: Standing
    log: Mapping[str, datetime]
    now: datetime
    rhythm: Rhythm
    checked_at: datetime | None

    @property
    def today(self) -> date:
        return local_day(self.now)

    @property
    def closed(self) -> bool:
        return self.now >= self.standing.close_at

    @property
    def announced_on(self) -> date:
        """The working day after close."""
        return self.rhythm.calendar.add(self.standing.close_day, 1)

    def due_on(self, step: Step) -> date:
        """The day on which `step` is due; of those that recur, the latest that has come."""
        if step in REMINDERS:
            return self.rhythm.calendar.add(self.standing.close_day, REMINDERS[step])
        if step is Step.WEEKLY:
            return self._week_after_announcement()
        if step in {Step.NUDGE, Step.SCAN}:
            return self.rhythm.week_begins(self.today)
        return self.announced_on

    def _week_after_announcement(self) -> date:
        announced = self.log.get(Step.ANNOUNCEMENT)
        begin = max(self.announced_on, local_day(announced) if announced else self.announced_on)
        weeks = max(1, (self.today - begin).days // 7)
        return begin + timedelta(weeks=weeks)

    def reason(self, step: Step, key: str, due_on: date) -> DecisionReason:
        """Why `step` is sent or not, routes and quiet hours apart."""
        if self.standing.department == UNKNOWN_DEPARTMENT:
            if step not in _OF_UNKNOWN:
                return DecisionReason.OWNED_BY_OFFICE
        elif not self.standing.in_scope:
            return DecisionReason.NOT_IN_SCOPE
        if self.today < due_on:
            return DecisionReason.NOT_DUE_YET
        if key in self.log:
            return DecisionReason.ALREADY_SENT
        return self._against(step) or (
            DecisionReason.DUE if self.today == due_on else DecisionReason.LATE
        )

    def _against(self, step: Step) -> DecisionReason | None:
        """What speaks against a step whose day has come and that wasn't sent."""
        match step:
            case Step.BEFORE_5 | Step.BEFORE_3 | Step.BEFORE_1 | Step.CLOSE_DAY:
                return self._against_reminder(step)
            case Step.NUDGE:
                return self._against_nudge()
            case Step.SCAN:
                return self._against_weekly_look()
            case Step.WEEKLY:
                return self._awaiting_seal or self._against_weekly()
            case Step.POINT_TO_POINT:
                if self.standing.not_cleared_in_a_row < _IN_A_ROW:
                    return self._awaiting_seal or DecisionReason.NOT_IN_A_ROW
                return self._awaiting_seal or self._against_remaining
            case Step.ANNOUNCEMENT:
                return self._awaiting_seal or self._against_announcement()
            case Step.THANKS:
                return self._awaiting_seal or self._against_thanks()
            case Step.BULLETIN:
                return self._awaiting_seal

    @property
    def _awaiting_seal(self) -> DecisionReason | None:
        """The outcome is announced once it is sealed, or when the seal's grace is over."""
        standing = self.standing
        if standing.sealed_state is not None:
            return None
        grace = datetime.combine(self.announced_on, self.rhythm.seal_grace, ZONE)
        open_still = standing.current_state is MonthState.OPEN
        return DecisionReason.AWAITING_SEAL if self.now < grace or open_still else None

    @property
    def _against_remaining(self) -> DecisionReason | None:
        if self.standing.remains:
            return None
        return (
            DecisionReason.NOTHING_REMAINS
            if self.standing.measured
            else DecisionReason.MONTH_WITHOUT_DATA
        )

    def _against_weekly(self) -> DecisionReason | None:
        """Weeks count from the announcement; where that is still to come, they haven't begun."""
        owned = self.standing.department != UNKNOWN_DEPARTMENT
        if owned and Step.ANNOUNCEMENT not in self.log and self._against_announcement() is None:
            return DecisionReason.NOT_DUE_YET
        return self._against_remaining

    def _against_reminder(self, step: Step) -> DecisionReason | None:
        if self.closed:
            return DecisionReason.MONTH_CLOSED
        later = list(REMINDERS)[list(REMINDERS).index(step) + 1 :]
        if any(other in self.log or self.due_on(other) <= self.today for other in later):
            return DecisionReason.SUPERSEDED
        return self._against_remaining

    def _against_weekly_look(self) -> DecisionReason | None:
        if self.closed:
            return DecisionReason.MONTH_CLOSED
        if not self.standing.next_to_close:
            return DecisionReason.EARLIER_MONTH_OPEN
        begins = self.rhythm.week_begins(self.today)
        seen = datetime.combine(begins, self.rhythm.work_from, ZONE)
        looked = self.checked_at is not None and self.checked_at >= seen
        return DecisionReason.NOT_DUE_YET if looked and begins < self.today else None

    def _against_nudge(self) -> DecisionReason | None:
        against = self._against_weekly_look()
        if against is not None:
            return against
        if self.standing.late == 0:
            return DecisionReason.NOTHING_OVERDUE
        told_today = any(
            self.due_on(step) == self.today
            or (step in self.log and local_day(self.log[step]) == self.today)
            for step in REMINDERS
        )
        return DecisionReason.SUPERSEDED if told_today else None

    def _against_announcement(self) -> DecisionReason | None:
        outcome = self.standing.sealed_state or self.standing.current_state
        if outcome is MonthState.NOT_CLEARED:
            return None if self.standing.remains else DecisionReason.CLEARED
        return _OUTCOMES[outcome]

    def _against_thanks(self) -> DecisionReason | None:
        state = self.standing.current_state
        if state not in _CLEARED:
            return _OUTCOMES[state]
        return None if self.standing.measured else DecisionReason.MONTH_WITHOUT_DATA


_OUTCOMES: Mapping[MonthState, DecisionReason] = {
    MonthState.OPEN: DecisionReason.AWAITING_SEAL,
    MonthState.CLEARED_ON_TIME: DecisionReason.CLEARED,
    MonthState.CLEARED_LATE: DecisionReason.CLEARED,
    MonthState.AWAITING_AUDIT: DecisionReason.AWAITING_AUDIT,
    MonthState.NOT_CLEARED: DecisionReason.NOT_CLEARED,
    MonthState.NO_DATA: DecisionReason.MONTH_WITHOUT_DATA,
}
