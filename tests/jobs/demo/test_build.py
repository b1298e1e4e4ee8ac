"""A demonstration is the same each time, of the size that was asked for, and made up."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from jobs.demo import Demo, DemoError, DemoOptions, build
from jobs.demo.days import Days
from monitor.config import load
from monitor.words import Kind
from tests.jobs.demo import delivery
from tests.jobs.demo.conftest import SEEN_AT, options


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_same_seed_and_instant_give_the_same_bytes(tmp_path: Path, demo: Demo) -> None:
    build(options(tmp_path))
    assert contents(tmp_path) == contents(demo.folder)


def test_another_seed_gives_another_district(tmp_path: Path, demo: Demo) -> None:
    build(options(tmp_path, seed=8))
    ours, theirs = contents(tmp_path), contents(demo.folder)
    assert ours["truth.csv"] != theirs["truth.csv"]
    assert ours["exchange.db"] != theirs["exchange.db"]


def test_the_size_is_what_was_asked_for(tmp_path: Path) -> None:
    made = build(options(tmp_path, departments=12, records=800, months=2))
    assert 780 <= sum(made.delivered.values()) <= 820
    assert set(made.delivered) == set(Kind)
    assert len(delivery.catalogue(tmp_path, "departments.csv")) == 12
    items = delivery.catalogue(tmp_path, "items.csv")
    assert sum(item["事项状态"] == "01" for item in items) == 12 * 17.5
    months = {row["month"] for row in delivery.truth(tmp_path) if row["outcome"] == "reason"}
    assert months == {"2022-02", "2022-03"}


def test_what_is_counted_is_what_the_sources_deliver(demo: Demo) -> None:
    delivered = Counter(source.partition("-")[2] for source, _ in delivery.rows(demo.folder))
    assert delivered == {kind.value: number for kind, number in demo.delivered.items()}


def test_the_settings_are_accepted_and_name_every_source(demo: Demo) -> None:
    settings = load(demo.settings, {})
    assert [source.name for source in settings.source] == [
        "departments",
        "items",
        "implement-lists",
        "zero-reports",
        "platform-check",
        "platform-other",
        "exchange-punish",
        "exchange-force",
        "cases",
    ]
    assert settings.store.url.get_secret_value() == f"sqlite:///{demo.folder}/yueqingling.db"


def test_a_store_can_be_named(tmp_path: Path) -> None:
    url = "postgresql+psycopg://demo@localhost/demo"
    made = build(DemoOptions(tmp_path, SEEN_AT, 8, 300, store=url))
    assert load(made.settings, {}).store.url.get_secret_value() == url


def test_a_demonstration_replaces_an_earlier_one_with_its_store(tmp_path: Path) -> None:
    build(options(tmp_path, records=300, months=3))
    (tmp_path / "yueqingling.db").write_bytes(b"of the earlier one")
    build(options(tmp_path, records=300, months=1))
    assert not (tmp_path / "yueqingling.db").exists()
    assert {path.name[:7] for path in (tmp_path / "inbox/check").glob("2*")} == {"2022-03"}


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DemoError, match="expected an empty folder or an earlier demonstration"):
        build(options(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_sizes_that_no_district_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="departments: expected 4 to 400, found 2"):
        options(tmp_path, departments=2)
    with pytest.raises(DemoError, match="records: expected 80 to 5000000, found 10"):
        options(tmp_path, records=10)
    with pytest.raises(DemoError, match="months: expected 1 to 36, found 0"):
        options(tmp_path, months=0)


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2022, 3, 1, 0, 5, tzinfo=UTC),  # nothing has happened in March yet
        datetime(2022, 2, 6, 16, tzinfo=UTC),  # the first working day after the Spring Festival
        datetime(2031, 1, 1, 4, tzinfo=UTC),  # a year without a published calendar
    ],
)
def test_any_instant_will_do(tmp_path: Path, instant: datetime) -> None:
    made = build(DemoOptions(tmp_path, instant, departments=8, records=400, months=1))
    assert sum(made.delivered.values()) > 380


def test_nobody_in_it_is_anybody(demo: Demo) -> None:
    for row in delivery.rows(demo.folder).values():
        name = str(row["party_name"] or "")
        assert not name.strip() or name in ("— —", "无", "/", "NULL") or name.startswith("示范")
        if re.fullmatch(r"[0-9]{17}[0-9X]", str(row["party_id"])):
            assert str(row["party_id"])[6:10] == "1900"


def test_working_days_and_closes_agree_with_the_published_calendar() -> None:
    days = Days.until(datetime(2022, 1, 28, 2, tzinfo=UTC), 1)
    assert days.add(date(2022, 1, 28), 5) == date(2022, 2, 9)
    assert days.close("2022-01") == date(2022, 2, 11)
    assert days.due("2022-01", date(2022, 1, 28), 5) == date(2022, 2, 9)
    assert days.acts[-1] == date(2022, 1, 27)
