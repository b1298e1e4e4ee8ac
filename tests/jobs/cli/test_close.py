"""`close`: what is due is sealed, what isn't is refused with what it waits for."""

from pathlib import Path

import pytest

from monitor.store import Store
from tests.jobs.cli.user import Said, yueqingling

NOW = "2022-02-12T10:00"
SOURCE = '[[source]]\nname = "checks"\nfeed = "check"\nkind = "files"\npath = "in/*.csv"\n'


@pytest.fixture
def office(tmp_path: Path, store_url: str) -> Path:
    """A folder with settings of a store that holds nothing, and of a source not read yet."""
    settings = f'[store]\nurl = "{store_url}"\n{SOURCE}status = "accepted"\n'
    (tmp_path / "yueqingling.toml").write_text(settings, encoding="utf-8")
    (tmp_path / "in").mkdir()
    Store(store_url).close()
    return tmp_path


def close(office: Path, *arguments: str, now: str = NOW) -> Said:
    return yueqingling(office, "close", *arguments, "--now", now)


def test_a_month_that_is_open_or_waits_is_refused_with_the_reason(office: Path) -> None:
    early = close(office, "2022-02")
    assert early.code == 2
    assert "found 2022-02: it closes at 2022-03-07 24:00" in early.err
    waiting = close(office, "2022-01")
    assert waiting.code == 2
    assert "checks. Pull them; it is sealed at 2022-02-14 12:00 at the latest" in waiting.err


def test_a_dry_run_writes_nothing_and_a_closing_seals_once(office: Path) -> None:
    late = "2022-02-14T12:00"
    yueqingling(office, "check", "--now", "2022-01-20T10:00")
    tried = close(office, "2022-01", "--dry-run", "--json", now=late).json
    assert (tried["sealed"], tried["months"][0]["standing"]) == ([], "due")
    assert yueqingling(office, "seal", "list", "--json").json["seals"] == []
    assert close(office, "2022-01", "--json", now=late).json["sealed"] == ["2022-01"]
    before = yueqingling(office, "seal", "list", "--json").json
    again = close(office, "2022-01", now=late)
    assert (again.code, "已封存" in again.out) == (0, True)
    assert yueqingling(office, "seal", "list", "--json").json == before
    assert "没有可封存的月份" in close(office, now=late).out


def test_a_month_before_the_first_is_refused_and_not_shown_as_one_to_seal(office: Path) -> None:
    with (office / "yueqingling.toml").open("a", encoding="utf-8") as settings:
        settings.write('[month_zero]\nstart = "2022-01"\n')
    for arguments in (["2021-12"], ["2021-12", "--dry-run"]):
        said = close(office, *arguments)
        assert said.code == 2
        assert "statements are made of (2022-01 or later), found 2021-12" in said.err


def test_the_close_is_told_as_people_say_it(office: Path) -> None:
    yueqingling(office, "check", "--now", "2022-01-20T10:00")
    assert "2022-02-11 24:00  2022-02-14 12:00" in close(office, "--dry-run").out


def test_a_month_that_would_be_sealed_without_a_source_says_so_before(office: Path) -> None:
    yueqingling(office, "check", "--now", "2022-01-20T10:00")
    tried = close(office, "2022-01", "--dry-run", now="2022-02-14T12:00")
    assert tried.code == 0
    assert "2022-02-14 12:00  checks" in tried.out
    assert "可先运行 yueqingling pull" in tried.out
    yueqingling(office, "pull", "--now", "2022-02-14T12:00")
    assert "yueqingling pull" not in close(office, "--dry-run", now="2022-02-14T12:01").out
