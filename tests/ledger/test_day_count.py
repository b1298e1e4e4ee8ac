"""How a due day comes about, day by day."""

from datetime import date

from monitor.config import Settings
from monitor.ledger.day_count import Basis, CountedDay, DayCount, counted
from monitor.words import DayKind, Kind, Reason

ACT = date(2022, 1, 28)
"""The Friday before the Spring Festival's make-up days."""


def count(
    reason: Reason | None = Reason.DRAFT,
    act_on: date = ACT,
    returned_on: date | None = None,
    submitted_on: date | None = None,
    kind: Kind = Kind.CHECK,
    **rule: object,
) -> DayCount:
    settings = Settings.model_validate({"month_zero": rule})
    return counted(settings, kind, reason, act_on, returned_on, submitted_on)


def test_each_day_says_which_working_day_it_is_or_why_it_is_none() -> None:
    found = count()
    assert (found.counted_from, found.limit, found.due_on) == (ACT, 5, date(2022, 2, 9))
    assert [day.number for day in found.days] == [1, 2, *[None] * 7, 3, 4, 5]
    assert found.days[0] == CountedDay(date(2022, 1, 29), DayKind.MAKE_UP, None, 1)
    assert found.days[3] == CountedDay(date(2022, 2, 1), DayKind.HOLIDAY, "春节", None)
    assert found.days[7].kind is DayKind.WEEKEND


def test_what_would_be_due_after_the_close_is_cut_short_at_it() -> None:
    holiday, close = date(2022, 1, 31), date(2022, 2, 11)
    strict = count(kind=Kind.PUNISH, act_on=holiday)
    assert (strict.reaches, strict.close_on, strict.due_on) == (date(2022, 2, 15), close, close)
    assert (strict.cut_short, strict.days[-1].day) == (True, close)
    loose = count(kind=Kind.PUNISH, act_on=holiday, strict_month=False)
    assert (loose.due_on, loose.cut_short) == (date(2022, 2, 15), False)


def test_what_was_returned_counts_from_the_return_and_what_waits_from_its_submission() -> None:
    returned = count(Reason.RETURNED, returned_on=date(2022, 2, 7))
    assert (returned.basis, returned.limit, returned.due_on) == (
        Basis.RETURN,
        3,
        date(2022, 2, 10),
    )
    pending = count(Reason.PENDING, submitted_on=date(2022, 2, 8))
    assert (pending.basis, pending.counted_from, pending.due_on) == (
        Basis.SUBMISSION,
        date(2022, 2, 8),
        date(2022, 2, 11),
    )


def test_what_was_returned_after_the_close_is_due_at_the_close_and_has_no_days() -> None:
    found = count(Reason.RETURNED, returned_on=date(2022, 2, 21))
    assert (found.due_on, found.cut_short, found.days) == (date(2022, 2, 11), True, ())


def test_a_return_on_a_day_that_nobody_knows_counts_from_the_act() -> None:
    assert count(Reason.RETURNED).basis is Basis.ACT
