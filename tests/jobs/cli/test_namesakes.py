"""Departments of one short name can be told apart wherever they stand in a list."""

from pathlib import Path

import pytest

from monitor.store import Store
from tests.jobs.cli.user import flat, yueqingling
from tests.ledger.book import A, B, Book, C

NOW = ("--now", "2022-02-14T13:00")
LISTS = (
    ("status", "--month", "2022-01", *NOW),
    ("explain", "district", "2022-01", "--figure", "zero_ratio", *NOW),
    ("seal", "show", "2022-01"),
    ("zero-report", "list"),
)


@pytest.fixture
def office(tmp_path: Path, store_url: str) -> Path:
    """A folder with the settings of a store with three departments, two of one short name."""
    (tmp_path / "yueqingling.toml").write_text(f'[store]\nurl = "{store_url}"\n', encoding="utf-8")
    store = Store(store_url)
    book = Book(store, [C])
    for code in (A, B):
        book.department(code, short_name="示范局")
    for code in (A, B, C):
        book.report_zero(code, "2022-01", "2022-02-01T09:00")
        book.record(owner=code, fails=["06"])
    book.tick("2022-02-14T13:00")
    store.close()
    return tmp_path


@pytest.mark.parametrize("verb", LISTS, ids=lambda verb: " ".join(verb[:2]))
def test_a_list_tells_departments_of_one_short_name_apart(
    office: Path, verb: tuple[str, ...]
) -> None:
    said = flat(yueqingling(office, *verb, columns=200).out)
    assert (said.count(f"示范局 {A}"), said.count(f"示范局 {B}")) == (1, 1)
    assert C not in said
