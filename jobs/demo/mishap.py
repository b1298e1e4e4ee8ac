"""What goes wrong between cells, and between records."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from uuid import UUID

from jobs.demo.behaviors import RESULT_FOR
from jobs.demo.days import Days
from jobs.demo.district import District
from jobs.demo.identifiers import credit_code
from jobs.demo.record import Record
from jobs.demo.truth import Outcome, Truth, child_is_overdue
from monitor.words import UNKNOWN_DEPARTMENT, Kind

_STRANGER = credit_code("11", 99_001)
"""A code in good form that the directory doesn't hold."""

_POLLUTED: tuple[Callable[[Record, Random], str], ...] = (
    lambda _, __: "示范区行政权力运行系统-2",
    lambda r, _: f"{r.occurred_on:%Y-%m-%d}",
    lambda r, x: f"示环函〔{r.occurred_on:%Y}〕{x.randint(1, 99)}号",
    lambda _, x: str(UUID(int=x.getrandbits(128), version=4)),
    lambda r, _: f"{r.department.name}(2)",
    lambda _, x: f"示范路{x.randint(1, 99)}号",
    lambda r, _: f"{r.department.name}处罚日期:{r.occurred_on.year}年1月1日",
)


@dataclass(frozen=True, slots=True)
class Mishap:
    """Something done to a record as a whole; `apply` does it and writes down what follows.

    `weight` says how often it comes, compared with other mishaps and defects.
    """

    kind: Kind
    name: str
    outcome: Outcome
    reason: str
    apply: Callable[[Record, Random, Truth], None]
    fits: Callable[[Record], bool] = lambda _: True
    weight: int = 2


def mishaps(kind: Kind, district: District, days: Days) -> Iterator[Mishap]:
    """Every mishap that a record of `kind` can have."""
    yield Mishap(kind, "order", Outcome.FINDING, "invalid", _submitted_before(days))
    yield Mishap(kind, "future", Outcome.FINDING, "invalid", _next_year, _of_lasting_item)
    yield Mishap(kind, "polluted", Outcome.FINDING, "", _polluted)
    yield Mishap(
        kind,
        "department",
        Outcome.FINDING,
        "invalid",
        _of_nobody(district),
        lambda r: not r.referred and r.parent is None and not r.department.feeds_cases,
    )
    if kind is Kind.CHECK:
        yield Mishap(
            kind,
            "childless",
            Outcome.FINDING,
            "unlinked",
            _childless(days),
            lambda r: not r.referred and abs(_age(r, days) - 90) > 3,
        )
        return
    yield Mishap(kind, "unlinked", Outcome.FINDING, "unlinked", _unlinked, lambda r: r.can_leave, 8)
    if kind is Kind.PUNISH:
        yield Mishap(kind, "closed_order", Outcome.FINDING, "invalid", _closed_before_filed)
    else:
        yield Mishap(kind, "ended_order", Outcome.FINDING, "invalid", _ended_before_begun)
    if kind is Kind.FORCE:
        yield Mishap(kind, "typeless", Outcome.FINDING, "invalid", _typeless)


def _age(record: Record, days: Days) -> int:
    return (days.now.date() - record.occurred_on).days


def _submitted_before(days: Days) -> Callable[[Record, Random, Truth], None]:
    """Submitted before it happened: a slip in the day of submission."""

    def apply(record: Record, random: Random, truth: Truth) -> None:
        early = record.occurred_on - timedelta(days=random.randint(1, 9))
        written = (record.submitted_at or days.now).replace(
            year=early.year, month=early.month, day=early.day
        )
        record.written["submitted_at"] = f"{written:%Y-%m-%d %H:%M:%S}"
        truth.finding(record, f"{record.kind}.submitted_at.order", "invalid", column="submitted_at")
        if record.values.get("closed_on") is not None:
            truth.finding(record, "punish.submitted_at.closing", "", column="submitted_at")

    return apply


def _next_year(record: Record, _: Random, truth: Truth) -> None:
    """The year of the act typed one too high, which also puts it after its submission.

    A day that hasn't come is no day of an act: month and limits count as where it is blank.
    """
    basis = record.stand_in_day
    day = record.occurred_on
    later = day + timedelta(days=366 if (day.month, day.day) == (2, 29) else 365)
    record.written["occurred_on"] = f"{later:%Y-%m-%d}"
    for rule in ("occurred_on.future", "submitted_at.order"):
        truth.finding(record, f"{record.kind}.{rule}", "invalid", column="occurred_on", basis=basis)
    if record.values.get("ended_on") is not None:
        rule = f"{record.kind}.ended_on.order"
        truth.finding(record, rule, "invalid", column="occurred_on", basis=basis)
    if record.values.get("closed_on") is not None:
        truth.finding(record, "punish.closed_on.decision", "", column="occurred_on", basis=basis)


def _of_lasting_item(record: Record) -> bool:
    return record.item.in_use_to is None


def _polluted(record: Record, random: Random, truth: Truth) -> None:
    """Anything but the institution's name in the cell for it."""
    record.written["implement_institution"] = random.choice(_POLLUTED)(record, random)
    rule = f"{record.kind}.implement_institution.form"
    truth.finding(record, rule, "", column="implement_institution")


def _of_nobody(district: District) -> Callable[[Record, Random, Truth], None]:
    """An institution that the directory doesn't hold, acting on an item that nobody owns."""

    def apply(record: Record, random: Random, truth: Truth) -> None:
        item = random.choice(district.common_items)
        record.values["supervise_item_code"] = (item.code,)
        record.values["implement_institution_code"] = _STRANGER
        record.written["cd_source"] = "999999"
        if record.kind is Kind.CHECK:
            code = f"{_STRANGER}{record.department.level}{item.code}001"
            record.values["implement_list_code"] = (code,)
        truth.finding(
            record,
            f"{record.kind}.department.known",
            "invalid",
            column="implement_institution_code",
            department=UNKNOWN_DEPARTMENT,
        )

    return apply


def _childless(days: Days) -> Callable[[Record, Random, Truth], None]:
    """A check whose result says that an act followed, without any."""

    def apply(record: Record, random: Random, truth: Truth) -> None:
        record.values["check_result"] = random.choice(sorted(RESULT_FOR.values()))
        reason = "unlinked" if child_is_overdue(record.occurred_on, days.now) else ""
        truth.finding(record, "check.check_result.child", reason, column="check_result")

    return apply


def _unlinked(record: Record, random: Random, truth: Truth) -> None:
    """An act that names no check, or one that isn't there."""
    day, number = f"{record.occurred_on:%Y%m%d}", record.department.number
    absent = f"JC{day}{number:03d}9{random.randrange(10**5):05d}"
    record.written["check_action_code"] = random.choice((None, "无", absent))
    if record.kind is Kind.PUNISH:
        record.values["case_source"] = "01"
    rule = f"{record.kind}.check_action_code.linked"
    truth.finding(record, rule, "unlinked", column="check_action_code")


def _closed_before_filed(record: Record, random: Random, truth: Truth) -> None:
    filed = record.occurred_on - timedelta(days=random.randint(2, 20))
    record.values["filed_on"] = filed
    record.values["closed_on"] = filed - timedelta(days=random.randint(1, 9))
    truth.finding(record, "punish.closed_on.order", "invalid", column="closed_on")
    truth.finding(record, "punish.closed_on.decision", "", column="closed_on")


def _ended_before_begun(record: Record, random: Random, truth: Truth) -> None:
    record.values["ended_on"] = record.occurred_on - timedelta(days=random.randint(1, 9))
    truth.finding(record, f"{record.kind}.ended_on.order", "invalid", column="ended_on")


def _typeless(record: Record, _: Random, truth: Truth) -> None:
    """A coercive measure or execution without saying which."""
    kind = "measure" if record.values["force_kind"] == "01" else "execution"
    column = f"force_{kind}_type"
    record.values[column] = None
    truth.finding(record, f"force.{column}.needed", "invalid", column=column)
