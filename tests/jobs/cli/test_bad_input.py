"""Bad input, end to end: one clear message each, the others go on, what was delivered stays."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.jobs.cli.user import Said, flat, yueqingling
from tests.servers import cases
from tests.sources.deliveries import (
    INSTITUTION,
    check_row,
    credit_code,
    write_csv,
    write_workbook,
)

NOW = ("--now", "2022-10-03T10:00")
LATER = ("--now", "2022-10-03T11:00")
CASE = {"id": "1", "kind": "punish", "documentNo": "示罚1号", "决定日期": "2022-09-20"}
SETTINGS = """
[store]
url = "{store}"

[[source]]
name = "departments"
feed = "department"
kind = "files"
path = "departments.csv"

[[source]]
name = "uploads"
feed = "check"
kind = "files"
path = "inbox/*.*"
status = "accepted"

[[source]]
name = "exchange"
feed = "check"
kind = "sql"
url = "sqlite:///exchange.db"
table = "{table}"
status = "accepted"

[[source]]
name = "cases"
feed = "expected"
kind = "http"
url = "{service}"
timeout = "1s"
attempts = 1
"""


@dataclass
class District:
    """Sources in good order, in a folder with their settings file; tests spoil them."""

    folder: Path
    store: str
    service: str
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    def deliver(self) -> None:
        """Write what every source has to begin with."""
        write_csv(
            self.folder / "departments.csv",
            [{"统一社会信用代码": INSTITUTION, "部门名称": "示范局"}],
        )
        write_csv(self.inbox / "first.csv", [check_row(1), check_row(2)])
        engine = sa.create_engine(f"sqlite:///{self.folder / 'exchange.db'}")
        with engine.begin() as connection:
            row = check_row(3)
            table = sa.Table("checks", sa.MetaData(), *(sa.Column(h, sa.Text) for h in row))
            table.create(connection)
            connection.execute(sa.insert(table).values(row))
        engine.dispose()
        self.set_up()

    def set_up(self, **other: str) -> None:
        """Write the settings file, with some values other than at first."""
        values = {"store": self.store, "table": "checks", "service": f"{self.service}/cases"}
        text = SETTINGS.format_map(values | other)
        (self.folder / "yueqingling.toml").write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> Said:
        """Run the command line here."""
        return yueqingling(self.folder, *arguments)

    def landed(self) -> int:
        """How many checks stand in the store."""
        engine = sa.create_engine(self.store)
        with engine.connect() as connection:
            count: int = connection.exec_driver_sql("SELECT count(*) FROM behavior").scalar_one()
        engine.dispose()
        return count


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """A case-handling service that knows one case."""
    with cases.served([CASE]) as url:
        yield url


@pytest.fixture
def district(tmp_path: Path, store_url: str, service: str) -> District:
    """The district after a first pull, when all was well."""
    made = District(tmp_path, store_url, service)
    made.deliver()
    said = made.run("pull", *NOW)
    assert (said.code, said.log) == (0, [])
    assert made.landed() == 3
    return made


def unreadable_file(district: District) -> None:
    (district.inbox / "broken.xlsx").write_bytes(b"PK\x03\x04 not a workbook")


def sheet_without_header(district: District) -> None:
    rows = [["示范商店", "2022-01-25", "合格"], ["示范药店", "2022-01-26", "合格"]]
    write_workbook(district.inbox / "bare.xlsx", {"九月": rows})


def wrong_url(district: District) -> None:
    district.set_up(service=f"{district.service}/nowhere")


def timing_out(district: District) -> None:
    district.set_up(service=f"{district.service}/never")


def nobody_listening(district: District) -> None:
    district.set_up(service="http://127.0.0.1:9/cases")


def table_gone(district: District) -> None:
    district.set_up(table="cheques")


def missing_column(district: District) -> None:
    row = check_row(4)
    del row["检查结果"]
    write_csv(district.inbox / "short.csv", [row])


def empty_directory(district: District) -> None:
    (district.inbox / "first.csv").unlink()


def unknown_department(district: District) -> None:
    stranger = credit_code("11500112DEM990011")
    write_csv(district.inbox / "stranger.csv", [check_row(4, 实施机构编码=stranger)])


def impossible_day(district: District) -> None:
    write_csv(district.inbox / "days.csv", [check_row(4, 检查时间="2022-09-31")])


Spoil = Callable[[District], None]
REFUSED = [
    pytest.param(unreadable_file, "uploads", "broken.xlsx: not a readable", id="unreadable-file"),
    pytest.param(sheet_without_header, "uploads", "bare.xlsx 九月: ", id="no-header"),
    pytest.param(wrong_url, "cases", "/nowhere: expected 200, found 404", id="wrong-url"),
    pytest.param(timing_out, "cases", "/never: no answer within 1 s", id="time-out"),
    pytest.param(nobody_listening, "cases", "can't be reached", id="nobody-listening"),
    pytest.param(table_gone, "exchange", "cheques", id="table-gone"),
]
REMARKED = [
    pytest.param(
        missing_column, "short.csv: the mandatory column 检查结果 is missing", 4, id="column"
    ),
    pytest.param(empty_directory, "inbox/*.*, found none", 3, id="empty-directory"),
    pytest.param(
        unknown_department,
        "departments that the directory doesn't hold: 11500112DEM990011",
        4,
        id="unknown-department",
    ),
    pytest.param(impossible_day, 'days.csv row 2: "2022-09-31"', 4, id="impossible-day"),
]


def told_of(said: Said, source: str) -> list[dict[str, Any]]:
    return [line for line in said.log if line["source"] == source]


@pytest.mark.parametrize(("spoil", "source", "message"), REFUSED)
def test_what_cannot_be_read_is_told_once_and_holds_up_nothing(
    district: District, spoil: Spoil, source: str, message: str
) -> None:
    spoil(district)
    write_csv(district.inbox / "second.csv", [check_row(5)])
    pulled = district.run("pull", *LATER)
    assert pulled.code == 1
    (line,) = pulled.log
    assert (line["level"], line["source"]) == ("error", source)
    assert message in line["error"]
    assert message in flat(pulled.out)
    assert message in flat(district.run("status", *LATER).out)
    states = {
        state["source"]: state
        for state in district.run("status", "--sources", "--json", *LATER).json["sources"]
    }
    assert states[source]["state"] == "failing"
    assert states[source]["error"] == line["error"]
    assert states[source]["last_success"].startswith("2022-10-03T02:00")
    assert {s["state"] for name, s in states.items() if name != source} == {"fresh"}
    assert district.landed() == 4


@pytest.mark.parametrize(("spoil", "message", "landed"), REMARKED)
def test_what_was_read_but_is_amiss_is_remarked_once(
    district: District, spoil: Spoil, message: str, landed: int
) -> None:
    spoil(district)
    pulled = district.run("pull", *LATER)
    assert pulled.code == 0
    (line,) = pulled.log
    assert (line["level"], line["source"]) == ("warning", "uploads")
    assert message in line["remark"]
    assert message in flat(pulled.out)
    assert message in flat(district.run("status", *LATER).out)
    states = {
        state["source"]: state
        for state in district.run("status", "--sources", "--json", *LATER).json["sources"]
    }
    assert states["uploads"]["state"] == "fresh"
    assert states["uploads"]["warnings"] == [line["remark"]]
    assert district.landed() == landed


def test_a_source_is_well_again_once_what_was_bad_is_mended(district: District) -> None:
    unreadable_file(district)
    assert district.run("pull", *LATER).code == 1
    (district.inbox / "broken.xlsx").unlink()
    assert district.run("pull", *LATER).code == 0
    assert "broken.xlsx" not in district.run("status", *LATER).out


def test_five_mistakes_in_the_settings_are_told_at_once_and_nothing_is_touched(
    district: District,
) -> None:
    path = district.folder / "yueqingling.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace('timeout = "1s"', 'timeout = "soon"').replace("attempts = 1", "tries = 1")
    text = text.replace('table = "checks"', "")
    text += '[office]\narea_code = "x"\n[month_zero]\nclose = "whenever"\n'
    path.write_text(text, encoding="utf-8")
    for verb in (["config", "check"], ["pull"], ["status"], ["check"], ["serve"]):
        said = district.run(*verb)
        assert (said.code, said.out) == (2, "")
        lines = said.err.splitlines()
        assert len(lines) == 5
        assert all(line.startswith("yueqingling: yueqingling.toml: ") for line in lines)
        for key in ("source[3]", "timeout", "tries", "office.area_code", "month_zero.close"):
            assert sum(key in line for line in lines) == 1
    assert district.landed() == 3
