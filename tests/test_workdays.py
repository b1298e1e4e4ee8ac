"""Working days and the deadlines counted in them."""

from datetime import UTC, date, datetime

import pytest

from monitor.words import DayKind
from monitor.workdays import Calendar, Month, close_day, day_end, local_day

CHINA = Calendar()


def test_five_working_days_after_a_friday_before_spring_festival_count_the_make_up_days() -> None:
    assert CHINA.add(date(2022, 1, 28), 5) == date(2022, 2, 9)


@pytest.mark.parametrize("day", [date(2022, 1, 29), date(2022, 1, 30)])
def test_a_make_up_weekend_day_is_a_working_day(day: date) -> None:
    assert CHINA.is_working(day)


def test_january_2022_closes_on_its_fifth_working_day_after() -> None:
    day = close_day(Month(2022, 1), "workday:5", CHINA)
    assert day == date(2022, 2, 11)
    assert day_end(day) == datetime(2022, 2, 11, 16, tzinfo=UTC)


def test_a_month_can_close_on_its_last_day_or_on_a_day_of_the_next() -> None:
    assert close_day(Month(2024, 2), "last_day", CHINA) == date(2024, 2, 29)
    assert close_day(Month(2024, 12), "day:8", CHINA) == date(2025, 1, 8)


def test_the_offices_own_days_win() -> None:
    own = Calendar({date(2022, 1, 31): True, date(2022, 1, 28): False})
    assert own.is_working(date(2022, 1, 31))
    assert not own.is_working(date(2022, 1, 28))


@pytest.mark.parametrize(
    ("day", "kind", "holiday"),
    [
        (date(2022, 1, 28), DayKind.WEEKDAY, None),
        (date(2022, 1, 29), DayKind.MAKE_UP, None),
        (date(2022, 2, 1), DayKind.HOLIDAY, "春节"),
        (date(2022, 2, 5), DayKind.WEEKEND, None),
        (date(2022, 2, 8), DayKind.OFFICE_FREE, None),
        (date(2022, 2, 12), DayKind.OFFICE_WORKING, None),
    ],
)
def test_a_day_says_why_it_is_a_working_day_or_none(
    day: date, kind: DayKind, holiday: str | None
) -> None:
    own = Calendar({date(2022, 2, 8): False, date(2022, 2, 12): True})
    assert (own.kind(day), own.holiday(day)) == (kind, holiday)
    assert own.kind(day).is_working == own.is_working(day)


def test_counting_back_undoes_counting_forward() -> None:
    assert CHINA.add(date(2022, 2, 9), -5) == date(2022, 1, 28)
    assert CHINA.between(date(2022, 1, 28), date(2022, 2, 9)) == 5
    assert CHINA.between(date(2022, 2, 9), date(2022, 1, 28)) == -5


def test_a_year_whose_schedule_is_not_published_is_told_apart() -> None:
    assert CHINA.is_published(date(2022, 1, 1))
    assert not CHINA.is_published(date(2099, 1, 1))
    assert Calendar({date(2099, 2, 1): True}).is_published(date(2099, 1, 1))


def test_an_instant_of_the_evening_in_utc_belongs_to_the_next_day_in_china() -> None:
    assert local_day(datetime(2022, 1, 31, 16, 30, tzinfo=UTC)) == date(2022, 2, 1)


def test_months_wrap_around_the_year() -> None:
    assert Month(2022, 1).shift(-1) == Month(2021, 12)
    assert str(Month(2022, 12).shift(1)) == "2023-01"
    assert Month(2024, 2).last == date(2024, 2, 29)


def test_a_month_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="month must be in"):
        Month.parse("2022-13")
