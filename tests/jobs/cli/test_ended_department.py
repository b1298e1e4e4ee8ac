"""A department that has ended: asked for a month that isn't its own, it is said who has that."""

from datetime import date
from pathlib import Path

import pytest

from monitor.store import Store
from tests.jobs.cli.user import flat, yueqingling
from tests.ledger.book import A, B, Book

NOW = ("--now", "2022-03-02T10:00")


@pytest.fixture
def office(tmp_path: Path, store_url: str) -> Path:
    """A folder with the settings of a store in which A went over into B in February."""
    (tmp_path / "yueqingling.toml").write_text(f'[store]\nurl = "{store_url}"\n', encoding="utf-8")
    store = Store(store_url)
    book = Book(store, [B])
    book.department(A, in_scope_to=date(2022, 2, 14), successors=B)
    book.record(status="draft", submitted=None, action_code="示范检查-1")
    book.tick("2022-03-02T09:00")
    store.close()
    return tmp_path


def test_only_its_own_months_are_named_and_who_took_over(office: Path) -> None:
    expected = (
        "No statement of 2022-02 for 示范1局; there are those of 2022-01. "
        "It has ended; 示范2局 took over what it left"
    )
    explained = yueqingling(office, "explain", A, "2022-02", *NOW)
    assert explained.code == 2
    assert expected in flat(explained.err)
    assert (
        expected in yueqingling(office, "status", "-d", A, "-m", "2022-02", *NOW, columns=150).out
    )


def test_who_took_over_is_told_the_history_of_what_it_carries(office: Path) -> None:
    said = yueqingling(office, "explain", B, "--unit", "示范检查-1", *NOW)
    assert said.code == 0
    assert "示范1局 · 2022-01" in said.out
    assert "承接：示范2局" in said.out
