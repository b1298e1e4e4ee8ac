"""Every delivered value becomes the text that a CSV file would hold, a column at once."""

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.sources.cells import cell_text, texts

WRITTEN = [
    (None, None),
    ("", None),
    ("示范", "示范"),
    ("a\x00b", "ab"),
    ("\x00", None),
    ("half a pair \ud83d", "half a pair ?"),
    (True, "true"),
    (0, "0"),
    (2**70, "1180591620717411303424"),
    (1.0, "1"),
    (0.1, "0.1"),
    (1e300, "1e+300"),
    (float("nan"), "nan"),
    (Decimal("1200.50"), "1200.50"),
    (Decimal("1E+3"), "1000"),
    (Decimal("NaN"), "NaN"),
    (date(2022, 1, 5), "2022-01-05"),
    (datetime.fromisoformat("2022-01-05 09:00:00"), "2022-01-05 09:00:00"),
    (datetime(2022, 1, 5, 9, 0, 0, 5, tzinfo=UTC), "2022-01-05 09:00:00.000005+00:00"),
    (time(9, 30), "09:30:00"),
    (timedelta(hours=25, minutes=6, seconds=17), "25:06:17"),
    (-timedelta(minutes=1, microseconds=5), "-00:01:00.000005"),
    (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    (b"", None),
    ("示范".encode(), "示范"),
    ("示范".encode("gb18030"), "示范"),
    (bytearray(b"a"), "a"),
    (memoryview(b"a"), "a"),
    (b"\x00\x01", "\\x0001"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "\\xffd8ffe000104a464946"),
    (["示范甲", "示范乙"], "示范甲、示范乙"),
    ([], None),
    ([date(2022, 1, 5), None], '["2022-01-05", null]'),
    ({"甲": [1, {"乙": None}]}, '{"甲": [1, {"乙": null}]}'),
]


@pytest.mark.parametrize(("value", "text"), WRITTEN, ids=map(str, range(len(WRITTEN))))
def test_a_value_is_written_as_a_csv_file_would_hold_it(value: Any, text: str | None) -> None:
    assert cell_text(value) == text


def test_identifiers_in_binary_stay_different() -> None:
    blobs = [hashlib.md5(str(number).encode()).digest() for number in range(5_000)]
    assert len({cell_text(blob) for blob in blobs}) == len(blobs)


def test_a_kind_of_a_type_is_written_as_that_type() -> None:
    class Word(str):
        """What a driver may make of an enumeration."""

        __slots__ = ()

    assert texts([Word("示范"), "范"]).to_list() == ["示范", "范"]
    assert cell_text(Word("示\x00范")) == "示范"


SCALARS = (
    st.text(st.characters(), max_size=6),
    st.text(st.sampled_from("\x00a示\ud83d"), max_size=4),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([UTC, None])),
    st.times(),
    st.timedeltas(),
    st.binary(max_size=4),
    st.uuids(),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=3)), max_size=3),
)
COLUMNS = st.one_of(
    *(st.lists(st.one_of(st.none(), kind), max_size=6) for kind in SCALARS),
    st.lists(st.one_of(st.none(), *SCALARS), max_size=6),
)


@given(COLUMNS)
@settings(max_examples=300, deadline=None)
def test_a_column_is_written_as_each_of_its_values(values: list[Any]) -> None:
    assert texts(values).to_list() == [cell_text(value) for value in values]
