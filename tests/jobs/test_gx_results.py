"""Result objects as files: one for each department and kind, whole, and nothing left over."""

import json
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from expectations.judge import judge
from expectations.results import batches
from expectations.suites import Suite, behavior_rules
from jobs.gx_results import Counted, place, remove_others, written
from monitor.errors import OutputError
from monitor.store import Store
from monitor.store.tables import behavior, department
from tests.expectations.records import clean, land
from tests.expectations.test_conditions import made

RULE = made("expect_column_values_to_not_be_null", column="party_name")
SUITES = [Suite("check", RULE.path, (RULE,))]


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def write_all(store: Store, folder: Path, now: datetime) -> None:
    rules = behavior_rules(SUITES)
    with store.reading() as connection:
        found = Counted(rules, batches(connection, rules), of_all=2)
        assert len(list(written(connection, found, now, folder))) == len(found.batches)
        remove_others(connection, found, folder)


def test_each_department_has_a_file_for_a_kind_until_its_records_are_gone(
    store: Store, now: datetime, tmp_path: Path
) -> None:
    folder = tmp_path / "results"
    with store.writing() as connection:
        known = [
            {
                **dict.fromkeys(("code", "name", "record_id", "content_hash"), code),
                "source": "demo",
                "first_seen_at": now,
            }
            for code in "AB"
        ]
        connection.execute(sa.insert(department), known)
        land(
            connection,
            clean("check", 1, department="A", party_name=None),
            clean("check", 2, department="B"),
        )
        judge(connection, SUITES, now)
    write_all(store, folder, now)
    assert files(folder) == {"A/check.json", "B/check.json"}
    failed = {
        code: json.loads((folder / code / "check.json").read_text("utf-8"))["success"]
        for code in "AB"
    }
    assert failed == {"A": False, "B": True}
    (folder / "B" / "notes.txt").write_text("the office's own")
    with store.writing() as connection:
        connection.execute(sa.delete(behavior).where(behavior.c.department == "B"))
    write_all(store, folder, now)
    assert files(folder) == {"A/check.json", "B/notes.txt"}


def test_a_folder_that_can_not_be_written_is_told(
    store: Store, now: datetime, tmp_path: Path
) -> None:
    with store.writing() as connection:
        land(connection, clean("check", 1, department="A"))
        judge(connection, SUITES, now)
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match=r"taken/A/check\.json: can't be written: "):
        write_all(store, tmp_path / "taken", now)


def test_no_code_leads_out_of_the_folder(tmp_path: Path) -> None:
    for code in ("..", "../../x", "/etc", "a/b", ".", "甲\\乙"):
        path = place(tmp_path, code, "check.json")
        assert path.resolve().parent.parent == tmp_path.resolve()
