"""Crontab lines are due as cron(8) has them, in the office's zone."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import crontab
from monitor.workdays import ZONE


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("line", "after", "due"),
    [
        ("*/15 * * * *", "2022-01-28T10:00", "2022-01-28T10:15"),
        ("30 2 * * *", "2022-01-28T10:00", "2022-01-29T02:30"),
        ("0 9 * * 1", "2022-01-28T10:00", "2022-01-31T09:00"),  # a Monday
        ("0 9 * * 0", "2022-01-28T10:00", "2022-01-30T09:00"),  # a Sunday
        ("0 9 * * 7", "2022-01-28T10:00", "2022-01-30T09:00"),
        ("0 9 * * sun", "2022-01-28T10:00", "2022-01-30T09:00"),
        ("0 9 * * 1-5", "2022-01-28T10:00", "2022-01-31T09:00"),  # Friday is over
        ("0 9 * * 5-7", "2022-01-28T10:00", "2022-01-29T09:00"),
        ("0 9 1 * 1", "2022-01-31T10:00", "2022-02-01T09:00"),  # the 1st, or a Monday
        ("0 9 15 * 1", "2022-01-28T10:00", "2022-01-31T09:00"),
        ("0 9 */2 * 1", "2022-01-28T10:00", "2022-01-31T09:00"),  # an odd day and a Monday
        ("0 0 29 2 *", "2022-01-28T10:00", "2024-02-29T00:00"),
        ("0 0 1 jan-mar/2 *", "2022-01-28T10:00", "2022-03-01T00:00"),
        ("59 23 31 12 *", "2022-12-31T23:58:59", "2022-12-31T23:59"),
        ("0 10 * * *", "2022-01-28T10:00", "2022-01-29T10:00"),  # later, not at the same time
    ],
)
def test_a_line_is_due_next_at(line: str, after: str, due: str) -> None:
    assert crontab.next_after(crontab.checked(line), local(after)) == local(due)


def test_due_times_are_utc_whatever_zone_was_asked_in() -> None:
    asked = datetime(2022, 1, 28, 16, 30, tzinfo=UTC)  # 0:30 of the 29th in China
    assert crontab.next_after("0 0 * * *", asked) == datetime(2022, 1, 29, 16, tzinfo=UTC)
    assert crontab.next_after("0 1 * * *", asked).tzinfo is UTC


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("", "0 fields"),
        ("* * * *", "4 fields"),
        ("0 * * * * *", "6 fields"),
        ("@daily", "1 field"),
        ("60 * * * *", "bad minute"),
        ("* 24 * * *", "bad hour"),
        ("* * 0 * *", "bad day-of-month"),
        ("* * * 13 *", "bad month"),
        ("* * * * 8", "bad day-of-week"),
        ("*/0 * * * *", "bad minute"),
        ("5-1 * * * *", "bad minute"),
        ("1,,2 * * * *", "bad minute"),
        ("mon * * * *", "bad minute"),
        ("0 0 30 2 *", "bad day-of-month"),  # never due
        ("0 0 L * *", "signs that no field has"),
        ("0 0 * * 1#2/2", "signs that no field has"),
        ("٣ * * * *", "signs that no field has"),
    ],
)
def test_what_is_no_line_is_refused_with_what_was_expected(line: str, fault: str) -> None:
    with pytest.raises(ValueError, match="expected the five fields of a crontab line") as caught:
        crontab.checked(line)
    assert f"({fault})" in str(caught.value)


NUMBERS = [range(60), range(24), range(1, 32), range(1, 13), range(7)]


@st.composite
def fields(draw: st.DrawFn) -> list[set[int] | None]:
    """The values of each field; None for a star."""
    return [
        None if draw(st.booleans()) else draw(st.sets(st.sampled_from(span), min_size=1))
        for span in NUMBERS
    ]


def matches(told: list[set[int] | None], at: datetime) -> bool:
    """Whether cron runs the line in the minute `at`."""
    minute, hour, day, month, weekday = told
    if any(
        values is not None and value not in values
        for value, values in ((at.minute, minute), (at.hour, hour), (at.month, month))
    ):
        return False
    on_day = day is None or at.day in day
    on_weekday = weekday is None or at.isoweekday() % 7 in weekday
    return (on_day or on_weekday) if day and weekday else (on_day and on_weekday)


@given(told=fields(), seconds=st.integers(0, 10**8))
def test_a_line_is_due_when_its_fields_say_so_and_at_no_time_before(
    told: list[set[int] | None], seconds: int
) -> None:
    line = " ".join("*" if v is None else ",".join(map(str, sorted(v))) for v in told)
    try:
        crontab.checked(line)
    except ValueError:
        assert told[2] is not None
        assert min(told[2]) > 29, "a day that no month of the line has"
        return
    after = local("2022-01-01T00:00") + timedelta(seconds=seconds)
    due = crontab.next_after(line, after).astimezone(ZONE)
    assert due > after
    assert matches(told, due)
    minute = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for _ in range(2 * 24 * 60):
        if minute >= due:
            return
        assert not matches(told, minute)
        minute += timedelta(minutes=1)
    first = time(min(told[1] or {0}), min(told[0] or {0}), tzinfo=ZONE)
    while (minute := minute + timedelta(days=1)).date() < due.date():
        assert not matches(told, datetime.combine(minute.date(), first))
