"""The office's CSV files: departments, items, implementation lists and zero reports."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from pathlib import Path

from jobs.demo.cell import text_of
from jobs.demo.days import Days
from jobs.demo.district import CANCELLED, Department, District, Habit, Item
from jobs.demo.identifiers import AREA
from jobs.demo.record import Value
from monitor import standard
from monitor.words import Feed

FILES = {
    Feed.DEPARTMENT: "departments.csv",
    Feed.ITEM: "items.csv",
    Feed.IMPLEMENT_LIST: "implement-lists.csv",
    Feed.ZERO_REPORT: "zero-reports.csv",
}


def write_catalogues(folder: Path, district: District, days: Days) -> None:
    """Write the four files into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    departments = district.departments
    _write(folder, Feed.DEPARTMENT, map(_department, departments))
    _write(folder, Feed.ITEM, map(_item, district.items))
    lists: list[dict[str, Value]] = [
        {
            "implement_list_code": department.implement_list(item),
            "item_code": item.code,
            "department": department.code,
            "published": place % 41 != 5,
        }
        for department in departments
        for place, item in enumerate((*department.items, *district.common_items))
        if item.state != CANCELLED
    ]
    _write(folder, Feed.IMPLEMENT_LIST, lists)
    _write(folder, Feed.ZERO_REPORT, _zero_reports(departments, days))


def zero_reported(departments: Sequence[Department], days: Days) -> list[tuple[str, str]]:
    """Department and month of each zero report: of the last month but one."""
    month = days.months[-2:][0]
    habits = (Habit.ZERO_REPORT, Habit.CONTRADICTED)
    return [(d.code, month) for d in departments if d.habit in habits]


def _department(department: Department) -> dict[str, Value]:
    return {
        "code": department.code,
        "name": department.name,
        "short_name": department.short_name,
        "level": "township" if department.township else "district",
        "local_code": department.local_code,
        "area_code": AREA,
        "in_scope_from": date(2019, 1, 1),
        "in_scope_to": None,
        "successors": None,
    }


def _item(item: Item) -> dict[str, Value]:
    return {
        "item_code": item.code,
        "main_code": item.main_code,
        "item_name": item.name,
        "department": item.owner or None,
        "item_state": item.state,
        "in_use_from": item.in_use_from,
        "in_use_to": item.in_use_to,
        "claimed": item.claimed,
    }


def _zero_reports(departments: Sequence[Department], days: Days) -> Iterable[dict[str, Value]]:
    for code, month in zero_reported(departments, days):
        first_after = next((d for d in days.acts if f"{d:%Y-%m}" > month), days.acts[-1])
        filed_at = min(datetime.combine(first_after, time(9, 30)), days.now)
        yield {
            "department": code,
            "month": month,
            "filed_at": filed_at,
            "filed_by": "示范人员甲",
        }


def _write(folder: Path, feed: Feed, rows: Iterable[dict[str, Value]]) -> None:
    """Chinese headers, with the mark that spreadsheets put before UTF-8."""
    fields = standard.fields(feed.value)
    with (folder / FILES[feed]).open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([field.name_zh for field in fields])
        writer.writerows([text_of(row[field.column]) for field in fields] for row in rows)
