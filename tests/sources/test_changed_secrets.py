"""Secrets in files are changed while the settings stay as they were read."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from jobs.pull import PullReport
from monitor.config import Settings, load
from monitor.store import Store
from tests.servers.records import SHAPES, TOKEN, RecordsService, record
from tests.sources.deliveries import pulled

SOURCE = """
[[source]]
name = "cases"
feed = "expected"
kind = "http"
url = "{url}"
token_file = "token"
records = "data.items"
paging = {{ kind = "page", size = 3, total = "data.total" }}
columns = {{ decidedOn = "due_basis_on" }}
attempts = 1
"""
WRONG = "out-of-date-and-not-to-be-told"


@pytest.fixture
def service() -> Iterator[RecordsService]:
    """A service that knows one token."""
    made = RecordsService(SHAPES["pages by number"], [record(1), record(2)])
    with made.running():
        yield made


@pytest.fixture
def settings(service: RecordsService, tmp_path: Path) -> Settings:
    """The settings as they were when the token was another one."""
    (tmp_path / "token").write_text(f"{WRONG}\n")
    path = tmp_path / "yueqingling.toml"
    path.write_text(SOURCE.format(url=service.url), encoding="utf-8")
    return load(path)


def test_a_token_that_is_changed_holds_from_the_next_pull_on(
    settings: Settings, store: Store, now: datetime, tmp_path: Path
) -> None:
    def pull() -> PullReport:
        return pulled(store, settings.source[0], now)

    assert "401" in str(pull().error)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    report = pull()
    assert (report.error, report.landed) == (None, 2)
    (tmp_path / "token").write_text(f"{WRONG}\n")
    report = pull()
    assert "401" in str(report.error)
    assert WRONG not in str(report.error)


def test_a_token_that_is_gone_or_no_good_fails_the_pull_and_is_not_told(
    settings: Settings, store: Store, now: datetime, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    for content, said in (
        ("two\nlines", "token: expected what a header can hold (ASCII in one line)"),
        ("\n", f"token_file: expected a secret in {path}, found nothing"),
        (None, f"token_file: can't read {path}: No such file or directory"),
    ):
        path.unlink()
        if content is not None:
            path.write_text(content)
        error = str(pulled(store, settings.source[0], now).error)
        assert said in error
        assert "lines" not in error
        path.touch()


def test_an_address_that_is_changed_counts_from_the_folder_of_the_settings(
    store: Store, now: datetime, tmp_path: Path
) -> None:
    for name in ("old", "new"):
        engine = sa.create_engine(f"sqlite:///{tmp_path / name}.db")
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (kind, document_no, due_basis_on)")
            connection.exec_driver_sql(f"INSERT INTO t VALUES ('punish', '{name}', '2022-01-20')")
        engine.dispose()
    (tmp_path / "url").write_text("sqlite:///old.db")
    path = tmp_path / "yueqingling.toml"
    path.write_text(
        '[[source]]\nname = "cases"\nfeed = "expected"\nkind = "sql"\nurl_file = "url"\n'
        'table = "t"\n'
    )
    (source,) = load(path).source
    assert pulled(store, source, now).landed == 1
    (tmp_path / "url").write_text("sqlite:///new.db")
    assert pulled(store, source, now).landed == 1
    assert pulled(store, source, now).landed == 0
