"""Result objects as files: one for each department and kind, whole, and nothing left over."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from expectations.judge import judge
from expectations.results import batches
from expectations.suites import Suite, behavior_rules
from jobs.gx_results import Counted, Form, Pages, ResultObjects, place, remove_others, written
from monitor import standard
from monitor.errors import OutputError
from monitor.store import Store
from monitor.store.tables import behavior, department
from tests.expectations.records import clean, land
from tests.expectations.test_conditions import made

RULE = made("expect_column_values_to_not_be_null", column="party_name")
SUITES = [Suite("check", RULE.path, (RULE,))]


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def write_all(
    store: Store,
    folder: Path,
    now: datetime,
    form: Form | None = None,
    suites: Sequence[Suite] = SUITES,
) -> None:
    rules, form = behavior_rules(suites), form or ResultObjects()
    with store.reading() as connection:
        found = Counted(rules, batches(connection, rules), of_all=2, waiting=0)
        assert len(list(written(connection, found, now, folder, form))) == len(found.batches)
        remove_others(connection, found, folder, form)
        if isinstance(form, Pages):
            form.write_contents(connection, found, folder, "示范区")


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


def test_pages_say_what_each_rule_found_and_load_nothing(
    store: Store, now: datetime, tmp_path: Path
) -> None:
    pages = tmp_path / "pages"
    rule = replace(RULE, field="party_name", rule_class="01", message="<script>示范</script>")
    values = made("expect_column_values_to_be_in_set", column="status", value_set=list("a<" * 60))
    own = replace(values, id="示范", rule_class="", kwargs={**values.kwargs, "mostly": 0.5})
    suites = [Suite("check", RULE.path, (own, rule))]
    with store.writing() as connection:
        land(connection, clean("check", 1, department="示范/局", party_name=None))
        judge(connection, suites, now)
    write_all(store, pages, now, Pages(now, None), suites)
    whole = {path: (pages / path).read_text("utf-8") for path in files(pages)}
    folder = place(pages, "示范/局", "x").parent.name
    assert set(whole) == {"index.html", f"{folder}/index.html", f"{folder}/check.html"}
    for text in whole.values():
        assert not re.search(r"<script|<link|<img|src=|https?:|url\(", text)
    page = whole[f"{folder}/check.html"]
    assert "&lt;script&gt;示范&lt;/script&gt;" in page
    assert "…（共 120 项）" in page
    assert standard.field_name("check", "party_name") in page
    assert "1 unexpected values found. 100% of 1 total rows." in page
    assert f'href="{quote(folder)}/check.html"' in whole["index.html"]
    assert 'href="check.html"' in whole[f"{folder}/index.html"]
    with store.writing() as connection:
        connection.execute(sa.delete(behavior))
    write_all(store, pages, now, Pages(now, None), suites)
    assert "没有记录。" in (pages / "index.html").read_text("utf-8")
