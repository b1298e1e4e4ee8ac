"""What delivered cells are read as."""

import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import standard
from monitor.sources import codes, dates, normalise
from monitor.sources.cells import cell_text

assigned = st.characters(exclude_categories=["Cs", "Cn"])


def field_of(column: str, feed: str = "punish") -> standard.Field:
    return next(field for field in standard.fields(feed) if field.column == column)


def value(column: str, cell: str, feed: str = "punish") -> Any:
    text = normalise.trimmed(pl.col("cell"))
    expression = normalise.value(field_of(column, feed), text)
    return pl.DataFrame({"cell": [cell]}).select(expression).item()


def document_key(number: str) -> str | None:
    key = normalise.document_key(normalise.trimmed(pl.col("number")))
    found: str | None = pl.DataFrame({"number": [number]}).select(key).item()
    return found


@pytest.mark.parametrize(
    "cell",
    ["2019-04-01", "2019/4/1", "2019.4.1", "2019年4月1日", "20190401", "２０１９－０４－０１",
     "2019-04-01 09:30", "20190401093000", "201904010930", "20190401 09:30:00", "43556", "43556.5",
     "2019-04-01T09:30:00+08:00", "2019-03-31T16:00:00Z", "1554048000000"],
)  # fmt: skip
def test_every_form_of_a_day_is_read(cell: str) -> None:
    assert value("occurred_on", cell) == date(2019, 4, 1)


@pytest.mark.parametrize("cell", ["2022-09-31", "2022-13-01", "次日", "2022-01", "99999999", "7"])
def test_what_is_no_day_is_null(cell: str) -> None:
    assert value("occurred_on", cell) is None


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("2022-09-31", "the calendar has no such day"),
        ("２０２２年２月３０日", "the calendar has no such day"),
        ("20220931103000", "the calendar has no such day"),
        ("2022-13-01", "a year has 12 months"),
        ("1822-01-05", "expected a year from 1900 to 2199"),
        ("2022-01", "a month without a day; expected a day such as 2022-01-05"),
        ("2022年度", "a year alone; expected a day such as 2022-01-05"),
        ("31/1/2022", "a day that doesn't begin with its year; expected a day such as 2022-01-05"),
        ("13900000000", "a number that stands for no day; expected a day such as 2022-01-05"),
        ("示范甲于昨日", "expected a day such as 2022-01-05"),
        ("2022-01-05 99:00", "expected a time of day such as 10:30:00 after the day"),
    ],
)
def test_why_a_cell_is_no_day_is_told_without_the_cell(cell: str, why: str) -> None:
    assert value("occurred_on", cell) is None
    assert normalise.why_malformed(field_of("occurred_on"), cell) == why


@pytest.mark.parametrize(
    ("column", "feed", "why"),
    [
        ("has_hearing", "punish", "expected 是 or 否"),
        ("fine_yuan", "punish", "expected an amount such as 1234.50 or 5万元"),
        ("month", "zero_report", "expected a month such as 2022-01"),
        ("submitted_at", "punish", "expected a day such as 2022-01-05"),
    ],
)
def test_every_type_says_what_it_expects(column: str, feed: str, why: str) -> None:
    assert value(column, "示范", feed) is None
    assert normalise.why_malformed(field_of(column, feed), "示范") == why


@pytest.mark.parametrize(
    ("cell", "alone"),
    [
        ("2022-01-26", True),
        ("2022-01-26 00:00:00", True),
        ("44587", True),
        ("1643126400000", True),
        ("2022-01-26 00:00:01", False),
        ("2022-01-26T00:00:00Z", False),
        ("44587.5", False),
    ],
)
def test_a_day_alone_is_told_from_an_instant(cell: str, alone: bool) -> None:
    instant = normalise.value(field_of("submitted_at"), pl.col("cell"))
    frame = pl.DataFrame({"cell": [cell]}).select(dates.is_day_only(instant))
    assert frame.item() is alone


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2022-01-26 10:30:00", datetime(2022, 1, 26, 2, 30, tzinfo=UTC)),
        ("2022/1/26 9:05", datetime(2022, 1, 26, 1, 5, tzinfo=UTC)),
        ("2022-01-26T02:30:00Z", datetime(2022, 1, 26, 2, 30, tzinfo=UTC)),
        ("2022年1月26日10时30分", datetime(2022, 1, 26, 2, 30, tzinfo=UTC)),
        ("2022-01-26", datetime(2022, 1, 25, 16, tzinfo=UTC)),
    ],
)
def test_an_instant_without_offset_is_chinas(cell: str, instant: datetime) -> None:
    assert value("submitted_at", cell) == instant


@pytest.mark.parametrize(
    "cell", ["", "　", "— —", "——", "无", "/", "NULL", "null", "N/A", "-", "#N/A", "#DIV/0!"]
)
def test_every_spelling_of_nothing_is_blank(cell: str) -> None:
    assert value("facts", cell) is None


@pytest.mark.parametrize("cell", ["0000-00-00", "0000-00-00 00:00:00", "0000-00-00 00:00:00.000"])
def test_mysqls_day_that_is_none_is_blank(cell: str) -> None:
    blank = pl.DataFrame({"text": [cell]}).select(normalise.filled(pl.col("text")))
    assert blank.to_series().to_list() == [None]


def test_nothing_is_a_code_where_the_list_has_one_of_that_name() -> None:
    assert value("reconsideration", "无") == "00"
    assert value("reconsideration", "/") is None
    assert value("litigation", "无") is None


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("procedure", "简易程序", "01"),
        ("procedure", "2", "02"),
        ("procedure", "０２", "02"),
        ("procedure", "01-简易程序", "01"),
        ("procedure", "99", "99"),
        ("party_id_type", "1", "001"),
        ("closing_execution_mode", "01", "1"),
        ("object_type", "特定产品(食品)", "4"),
        ("object_type", "10", "10"),
    ],
)
def test_a_label_or_a_short_number_is_read_as_its_code(column: str, cell: str, code: str) -> None:
    assert value(column, cell) == code


def test_every_code_of_every_list_means_itself() -> None:
    names = {field.code_list for kind in ("check", "punish", "force", "other", "item")
             for field in standard.fields(kind) if field.code_list}  # fmt: skip
    for name in names:
        spellings = codes.spellings(name)
        assert all(spellings[code] == code for code in standard.code_list(name))


def test_a_label_that_two_codes_have_is_left_as_it_is() -> None:
    labels = list(standard.code_list(standard.DIVISION_LIST).values())
    twice = next(label for label in labels if labels.count(label) > 1)
    assert value("area_code", twice) == twice


@pytest.mark.parametrize(
    ("cell", "joined"),
    [
        ("示范甲/示范乙／示 丙", "示范甲、示范乙、示丙"),
        ("示范甲,示范乙", "示范甲、示范乙"),
        ("示范甲；示范乙", "示范甲、示范乙"),
        ("示范甲 | 示范乙、示范丙", "示范甲、示范乙、示范丙"),
        ("示范甲　示范乙", "示范甲、示范乙"),
        ("甲　乙、丙丁", "甲乙、丙丁"),
        ("甲 乙、丙 丁、戊 己", "甲乙、丙丁、戊己"),
        ("示范甲、示范甲", "示范甲"),
        ("示范甲、/", "示范甲"),
        ("示范甲；— —；示范乙", "示范甲、示范乙"),
        ("无，/", None),
        ("，，", None),
    ],
)
def test_several_persons_in_a_cell_are_told_apart(cell: str, joined: str | None) -> None:
    assert value("inspectors", cell, "check") == joined


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1,234.50", "1234.50"),
        ("500元", "500"),
        ("￥500", "500"),
        ("5万元", "50000"),
        ("0.5 万", "5000"),
        ("人民币 500 元整", "500"),
        ("RMB500", "500"),
        (".5", "0.50"),
        ("33.333333333", "33.33"),
        ("若干", None),
        ("1e3", None),
    ],
)
def test_amounts_are_read_in_yuan(cell: str, amount: str | None) -> None:
    assert value("fine_yuan", cell) == (Decimal(amount) if amount else None)


@pytest.mark.parametrize(
    ("cell", "truth"),
    [("是", True), ("否", False), ("１", True), ("FALSE", False), ("√", True), ("也许", None)],
)
def test_yes_and_no_are_read(cell: str, truth: bool | None) -> None:
    assert value("has_hearing", cell) is truth


WRITTEN = st.sampled_from([
    *("— —", "无", "/", "NULL", "Ｎ/Ａ", "示范甲，示范乙", "甲　乙；丙 丁", "A|B、 C"),
    *("2019.4.1", "２０１９年４月１日", "20190401", "43556.5", "1554048000000", "2022-09-31"),
    *("2022-01-26T02:30:00Z", "2022/1/26 9:05", "2022年1月", "202201"),
    *("￥1,234.5", "5 万元", "0.125", "示罚 〔2022〕13号"),
    *("是", "×", "TRUE", "02", "2", "０２", "02-法人", "法人", "其他组织(03)", "500112"),
])  # fmt: skip
ODD = st.text(" 　,，;；、|/-—年月日.:0123456789无甲乙元万", max_size=12)
WORDS = st.one_of(WRITTEN, ODD, st.text(max_size=12)).map(cell_text)
FIELDS = [
    *(("punish", column) for column in ("facts", "party_nature", "reconsideration", "occurred_on")),
    *(("punish", column) for column in ("submitted_at", "has_hearing", "fine_yuan")),
    *(("check", "inspectors"), ("check", "area_code"), ("zero_report", "month")),
]


def written(values: pl.Series) -> pl.Series:
    """Values as the text that a file would deliver them in."""
    texts = [cell_text(value) for value in values]
    return pl.Series("cell", texts, pl.String)


@pytest.mark.parametrize(("feed", "column"), FIELDS)
@given(cells=st.lists(WORDS, min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_what_is_normalised_stays_as_it_is(feed: str, column: str, cells: list[str | None]) -> None:
    field = field_of(column, feed)
    read = normalise.value(field, normalise.trimmed(pl.col("cell")))
    once = pl.DataFrame({"cell": pl.Series(cells, dtype=pl.String)}).select(read).to_series()
    again = written(once).to_frame().select(read).to_series()
    assert again.to_list() == once.to_list()


@given(cells=st.lists(st.text("示罚第号〔〕[]（）【】 　2013ａA"), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_a_document_key_is_its_own_key(cells: list[str]) -> None:
    key = normalise.document_key(normalise.trimmed(pl.col("cell")))
    once = pl.DataFrame({"cell": pl.Series(cells, dtype=pl.String)}).select(key).to_series()
    again = once.alias("cell").to_frame().select(key).to_series()
    assert again.to_list() == once.to_list()


@given(cells=st.lists(WORDS, min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_every_cell_that_cannot_be_read_says_why(cells: list[str | None]) -> None:
    for feed, column in FIELDS:
        field = field_of(column, feed)
        given_text = normalise.filled(normalise.trimmed(pl.col("cell")))
        frame = pl.DataFrame({"cell": pl.Series(cells, dtype=pl.String)}).with_columns(
            given=given_text, value=normalise.value(field, normalise.trimmed(pl.col("cell")))
        )
        left = frame.filter(pl.col("given").is_not_null() & pl.col("value").is_null())
        assert left.is_empty() or normalise.can_be_malformed(field) or field.type == "list"
        for cell in left["cell"]:
            assert normalise.why_malformed(field, cell)


@pytest.mark.parametrize("cell", ["2022-01", "2022-1", "2022年1月", "202201", "2022-01-31"])
def test_every_form_of_a_month_is_read(cell: str) -> None:
    assert value("month", cell, "zero_report") == "2022-01"


@pytest.mark.parametrize(
    "number",
    ["示罚〔2022〕13号", "示罚[2022] 13 号", "示罚（2022）13号", "示罚［2022］13号",
     "示罚【2022】13号", "示罚 〔２０２２〕１３号", "示罚〔2022]13号", "示罚﹝2022﹞13号"],
)  # fmt: skip
def test_a_document_number_is_compared_without_regard_to_brackets_and_blanks(number: str) -> None:
    assert document_key(number) == "示罚[2022]13号"


def test_document_numbers_that_differ_in_more_than_their_writing_are_two() -> None:
    assert document_key("示罚〔2022〕13号") != document_key("示罚〔2022〕1-3号")
    assert document_key("示罚〔2022〕13号") != document_key("示罚〔202〕213号")
    assert document_key(" ") is None


@given(st.lists(st.text(assigned, max_size=12) | st.text("\u3000 Ａé①a年、\u0301", max_size=8)))
def test_every_cell_is_trimmed_as_unicode_says(cells: list[str]) -> None:
    unseen = " \t\r\n\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"
    expected = [unicodedata.normalize("NFKC", cell).strip(unseen) for cell in cells]
    found = pl.DataFrame({"cell": pl.Series(cells, dtype=pl.String)}).select(
        normalise.trimmed(pl.col("cell"))
    )
    assert found.to_series().to_list() == expected
