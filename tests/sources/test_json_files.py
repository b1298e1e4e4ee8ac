"""JSON files whose rows lie below a path."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.sources import json_text
from monitor.store import Store
from tests.sources.deliveries import check_row, files, pulled, rows_of
from tests.sources.test_odd_files import look

NOW = datetime(2022, 2, 1, 2, tzinfo=UTC)
ROWS = [check_row(1), check_row(2)]


def written(path: Path, *values: Any, **form: Any) -> Path:
    text = "\n".join(json.dumps(value, ensure_ascii=False, **form) for value in values)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("body", "records"),
    [
        ({"data": {"rows": ROWS}}, "data.rows"),
        ({"code": 0, "data": {"page": {"no": 1}, "rows": ROWS, "total": 2}, "at": []}, "data.rows"),
        ({"data": [{"rows": []}, {"rows": ROWS}]}, "data.1.rows"),
        ({"content": json.dumps({"rows": ROWS})}, "content.rows"),
        ({"content": json.dumps(ROWS)}, "content"),
        ({"data": {"rows": [], "more": {"rows": ROWS}}}, "data.more.rows"),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_rows_below_a_path_are_read(
    tmp_path: Path, body: Any, records: str, indent: int | None
) -> None:
    path = written(tmp_path / "a.json", body, indent=indent)
    frame, _, errors = look(path, records=records)
    assert errors == []
    assert frame["记录唯一标识"].to_list() == ["check-1", "check-2"]
    assert frame["number"].to_list() == [1, 2]


def test_each_of_several_values_has_its_rows_there(tmp_path: Path) -> None:
    pages: list[Any] = [{"rows": [row]} for row in ROWS] + [{"rows": None}]
    frame, _, errors = look(written(tmp_path / "a.json", *pages), records="rows")
    assert errors == []
    assert frame["记录唯一标识"].to_list() == ["check-1", "check-2"]


@pytest.mark.parametrize("lost", [1, 2, 5, 40])
def test_a_file_that_ends_too_early_is_said_to(tmp_path: Path, lost: int) -> None:
    path = written(tmp_path / "a.json", {"data": {"rows": ROWS}})
    path.write_text(path.read_text()[:-lost])
    frame, _, errors = look(path, records="data.rows")
    assert frame["记录唯一标识"].to_list()[0] == "check-1"
    assert len(errors) == 1
    assert errors[0].endswith("expected a JSON object, found one that was cut off or is malformed")


def test_what_is_no_object_among_the_rows_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", {"rows": [ROWS[0], None, "a", ROWS[1]]})
    frame, _, errors = look(path, records="rows")
    assert frame["number"].to_list() == [1, 4]
    assert errors == ["a.json object 3: expected a JSON object, found a string"]


SEEMING = '; rows seem to be at data.rows: set records = "data.rows"'


@pytest.mark.parametrize(
    ("body", "records", "said"),
    [
        ({"data": {"rows": ROWS}}, "data.items", f"found an object with rows at data{SEEMING}"),
        ({"data": {"rows": ROWS}}, "data", f"found an object with rows at data{SEEMING}"),
        ({"data": {"rows": [], "total": 0}}, "rows", f"found an object with data{SEEMING}"),
        ({"rows": ROWS, "other": ROWS}, "row", "with rows, other; near it: rows"),
        ({"rows": ["a"]}, "rows", "object 1: expected a JSON object, found a string"),
        ({"rows": 7}, "rows", "found text or a number at rows"),
        (ROWS, "data.rows", "found a list"),
        ({"data": "no JSON"}, "data.rows", "in the text at data, found other text"),
    ],
)
def test_a_path_without_rows_is_told_with_what_is_there(
    tmp_path: Path, body: Any, records: str, said: str
) -> None:
    frame, _, errors = look(written(tmp_path / "a.json", body), records=records)
    assert frame.is_empty()
    assert len(errors) == 1
    assert errors[0].endswith(said)


@pytest.mark.parametrize("indent", [None, 2])
def test_without_the_setting_the_error_says_where_the_rows_seem_to_be(
    tmp_path: Path, indent: int | None
) -> None:
    path = written(tmp_path / "a.json", {"code": 0, "data": {"rows": ROWS}}, indent=indent)
    frame, _, errors = look(path)
    assert frame.is_empty()
    assert len(errors) == 1
    assert errors[0].endswith(SEEMING)


def test_one_object_over_several_lines_is_a_row(tmp_path: Path) -> None:
    frame, _, errors = look(written(tmp_path / "a.json", check_row(1), indent=2))
    assert (frame["记录唯一标识"].to_list(), errors) == (["check-1"], [])


def test_rows_are_read_whatever_block_they_lie_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.sources.texts._BLOCK", 7)
    body = {"total": 123456789, "data": {"rows": [row | {"检查结果": "示范"} for row in ROWS]}}
    frame, _, errors = look(written(tmp_path / "a.json", body), records="data.rows")
    assert errors == []
    assert frame["记录唯一标识"].to_list() == ["check-1", "check-2"]


def test_a_number_that_a_block_ends_in_is_read_whole() -> None:
    text = json_text.JsonText(iter([b"12", b"34", b" 5"]))
    assert (text.value(), text.value(), text.next_mark()) == (1234, 5, "")


def test_a_change_of_the_path_reads_the_file_again(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", {"old": [ROWS[0]], "new": ROWS})
    assert pulled(store, files(path, records="old"), NOW).landed == 1
    assert pulled(store, files(path, records="old"), NOW).read == 0
    assert pulled(store, files(path, records="new"), NOW).landed == 1
    assert len(rows_of(store)) == 2
