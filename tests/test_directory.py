"""The directory holds what departments were called in the course of time."""

from datetime import date, datetime
from pathlib import Path

import pytest

from monitor import directory
from monitor.directory import Department, Directory
from monitor.errors import UnknownDepartmentError
from monitor.notify.message import from_document
from monitor.store import Store
from monitor.store.tables import department
from monitor.words import DISTRICT, UNKNOWN_DEPARTMENT, Feed
from tests.notify.district import District, settings
from tests.sources.deliveries import FEEDS, files, pulled, rows_of, write_csv

A, B = (f"11500112MB000000{n}X" for n in (1, 2))
"""Codes of departments that don't exist."""

OLD = Department(A, "示范区旧名局", "旧名局", in_scope_to=date(2022, 6, 30))
NEW = Department(A, "示范区新名局", "新名局", in_scope_from=date(2022, 7, 1))
LATER = date(2022, 9, 1)


def deliver(store: Store, folder: Path, now: datetime, *entries: dict[str, str]) -> Directory:
    """The directory after a file with these entries was pulled."""
    rows = [FEEDS[Feed.DEPARTMENT] | entry for entry in entries]
    pulled(store, files(write_csv(folder / "d.csv", rows), Feed.DEPARTMENT), now)
    with store.reading() as connection:
        return directory.whole(connection)


def entry(name: str, begins: str = "", ends: str = "", heirs: str = "") -> dict[str, str]:
    """A row of the directory as a department of the office types it."""
    return {
        "统一社会信用代码": A,
        "部门名称": f"示范区{name}",
        "部门简称": name,
        "纳入日期": begins,
        "退出日期": ends,
        "承接部门": heirs,
    }


RENAMED = (entry("旧名局", ends="2022-06-30"), entry("新名局", begins="2022-07-01"))


@pytest.mark.parametrize("step", [1, -1], ids=["oldest_first", "newest_first"])
def test_a_department_renamed_mid_year_is_called_what_it_was_on_the_day(
    store: Store, tmp_path: Path, now: datetime, step: int
) -> None:
    found = deliver(store, tmp_path, now, *RENAMED[::step])
    assert found.named(A, date(2022, 6, 30)).name == "示范区旧名局"
    assert found.on(date(2022, 7, 1))[A].short_name == "新名局"
    assert found.in_scope(A, date(2022, 6, 30))
    assert found.in_scope(A, date(2022, 7, 1))


def test_one_that_ends_names_who_takes_over(store: Store, tmp_path: Path, now: datetime) -> None:
    ending = entry("旧名局", ends="2022-06-30", heirs="示范二局；示范三局")
    assert deliver(store, tmp_path, now, ending).on(LATER)[A].successors == ("示范二局", "示范三局")
    assert [row["successors"] for row in rows_of(store, department)] == ["示范二局、示范三局"]


def test_a_successor_that_nobody_can_tell_is_told_with_each_pull(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    row = FEEDS[Feed.DEPARTMENT] | entry("旧名局", ends="2022-06-30", heirs="示范无此局")
    source = files(write_csv(tmp_path / "d.csv", [row]), Feed.DEPARTMENT)
    for _ in range(2):
        [fault] = pulled(store, source, now).warnings
        assert fault.startswith(f"department {A}: expected successors (承接部门)")
        assert fault.endswith("number 1 of 1 is none and is left out")


def test_outside_all_its_entries_the_nearest_one_before_holds_else_the_first() -> None:
    gone = Department(B, "示范二局", "二局", in_scope_from=date(2022, 3, 1), in_scope_to=LATER)
    known = Directory({A: [OLD, NEW], B: [gone]})
    for day in (date(2021, 1, 1), date(2022, 12, 31)):
        assert known.named(B, day) == gone
        assert not known.in_scope(B, day)


def test_of_entries_that_overlap_the_one_that_began_last_holds() -> None:
    known = Directory({A: [Department(A, "示范区旧名局", "旧名局"), NEW]})
    assert known.named(A, LATER).name == "示范区新名局"


def test_what_has_no_entry_is_called_by_its_code() -> None:
    known = Directory({})
    assert known.named(B, LATER).name == B
    assert known.named("unknown", LATER).name == "归属不明"
    assert not known.in_scope(B, LATER)


def test_a_department_is_found_by_any_of_its_names(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    today = deliver(store, tmp_path, now, *RENAMED).on(LATER)
    assert {directory.find(today, name) for name in ("旧名局", "示范区新名局", A)} == {A}
    assert directory.called(today)["旧名局"].code == A


def test_a_short_name_of_two_departments_is_shown_with_their_codes(
    store: Store, tmp_path: Path, now: datetime
) -> None:
    other = entry("新名局") | {"统一社会信用代码": B}
    found = deliver(store, tmp_path, now, *RENAMED, other)
    assert found.named(B, LATER).label == f"新名局 {B}"
    assert found.on(LATER)[A].label == f"新名局 {A}"
    assert found.named(A, date(2022, 6, 30)).label == "旧名局"


def test_a_name_that_another_department_has_now_is_that_ones() -> None:
    heir = Department(B, "示范区旧名局", "旧名局")
    today = {A: Department(A, "示范区新名局", "新名局", also=frozenset({"旧名局"})), B: heir}
    assert directory.find(today, "旧名局") == B
    assert "旧名局" not in directory.called(today)
    with pytest.raises(UnknownDepartmentError, match="expected a department's code, name"):
        directory.find(today, "无此局")


def test_a_name_of_two_departments_is_refused_with_their_codes() -> None:
    today = {code: Department(code, "示范区同名局", "同名局") for code in (A, B)}
    with pytest.raises(
        UnknownDepartmentError, match=rf"'同名局', which 2 departments are called.*: {A}, {B}$"
    ):
        directory.find(today, "同名局")


@pytest.mark.parametrize("asked", [A[:-1], "新名", "示范区新名局！"])
def test_only_names_near_what_was_asked_for_are_offered(asked: str) -> None:
    today = {
        A: Department(A, "示范区新名局", "新名局"),
        B: Department(B, "示范镇人民政府", "示范镇"),
    }
    with pytest.raises(UnknownDepartmentError, match="near it: 新名局"):
        directory.find(today, asked)
    with pytest.raises(UnknownDepartmentError, match=r"there are: 新名局, 示范镇$"):
        directory.find(today, "没有这个单位")


def test_what_stands_beside_departments_goes_by_the_name_that_is_shown() -> None:
    today = {A: Department(A, "示范区新名局", "新名局")}
    assert directory.find(today, "归属不明") == UNKNOWN_DEPARTMENT
    assert directory.find(today, "全区") == DISTRICT
    assert directory.find(today, "归属不明", directory.UNOWNED) == UNKNOWN_DEPARTMENT
    with pytest.raises(UnknownDepartmentError, match="there are: 新名局"):
        directory.find(today, "全区", directory.UNOWNED)


def test_a_message_calls_a_department_as_its_month_did_and_goes_where_it_is_reached_now(
    store: Store,
) -> None:
    district = District(store, departments=())
    for name, span in (
        ("旧名局", {"in_scope_to": date(2022, 1, 31)}),
        ("新名局", {"in_scope_from": date(2022, 2, 1)}),
    ):
        district.enters(A, name, **span)
    district.stands(A, backlog=1)
    district.owes(A, "draft", "2022-01-20T00:00")
    route = [{"audience": ["clerk", "leader"], "to": "slack:#{short_name}"}]
    district.plan(settings(route), "2022-02-08T09:00")
    [row] = district.outbox()
    assert "旧名局" in from_document(row.message).head
    assert row.destination == "#新名局"


def test_a_message_about_a_department_that_ended_goes_to_who_follows(store: Store) -> None:
    district = District(store, departments=())
    district.enters(A, "旧名局", in_scope_to=date(2022, 1, 31), successors="示范区承接局")
    district.enters(B, "承接局")
    district.stands(A, backlog=1)
    district.owes(A, "draft", "2022-01-20T00:00")
    route = [{"audience": ["clerk", "leader"], "to": "slack:#{short_name}"}]
    district.plan(settings(route), "2022-02-08T09:00")
    [row] = district.outbox()
    assert "旧名局" in from_document(row.message).head
    assert (row.department, row.destination) == (A, "#承接局")
